package service_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service"
	"github.com/netipc/netipc/go/service/cgroups_snapshot"
	"github.com/netipc/netipc/go/service/increment"
)

// quiet keeps the log out of the output of examples.
var quiet = slog.New(slog.DiscardHandler)

// A provider that answers, and a client that asks.
func Example() {
	runDir, err := os.MkdirTemp("", "netipc")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(runDir)

	server := increment.NewServer(runDir, "increment", increment.ServerConfig{AuthToken: 42, Logger: quiet},
		increment.Handler{Handle: func(n uint64) (uint64, bool) { return n + 1, true }})
	if err := server.Bind(); err != nil {
		panic(err)
	}
	served := make(chan error)
	go func() { served <- server.Run() }()

	client := increment.NewClient(runDir, "increment", increment.ClientConfig{AuthToken: 42, Logger: quiet})
	defer client.Close()
	client.Refresh()

	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	n, err := client.CallContext(ctx, 41)
	fmt.Println(n, err)

	drained := server.Drain(5 * time.Second)
	fmt.Println(drained, <-served)
	// Output:
	// 42 <nil>
	// true <nil>
}

// A client of a provider that is absent, which is normal.
func ExampleClient() {
	client := increment.NewClient("/nowhere", "increment", increment.ClientConfig{Logger: quiet})
	defer client.Close()
	client.Refresh()
	fmt.Println(client.State())

	_, err := client.Call(41)
	var call *service.CallError
	fmt.Println(errors.Is(err, service.ErrNotReady), errors.As(err, &call))
	what, why, _ := strings.Cut(call.Failure.Error(), ": ")
	fmt.Println(what, strings.Contains(why, "no server there"))
	// Output:
	// not found
	// true true
	// not connected (not found) true
}

// A cache of the cgroups of a host.
func ExampleCache() {
	runDir, err := os.MkdirTemp("", "netipc")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(runDir)
	defer serve(cgroups_snapshot.NewServer(runDir, "cgroups-snapshot", cgroups_snapshot.ServerConfig{Logger: quiet},
		cgroups_snapshot.Handler{Handle: func(_ *protocol.CgroupsRequest, answer *protocol.CgroupsBuilder) bool {
			answer.SetHeader(1, 7)
			return answer.Add(1001, 0, 1, []byte("docker-abc123"), []byte("/sys/fs/cgroup/docker/abc123")) == nil
		}}))()

	cache := cgroups_snapshot.NewCache(runDir, "cgroups-snapshot", cgroups_snapshot.ClientConfig{Logger: quiet})
	defer cache.Close()
	cache.Refresh()
	item, found := cache.Lookup(1001, "docker-abc123")
	fmt.Println(item.Path, found)

	guard := cache.ReadLock()
	defer guard.Unlock()
	for item := range guard.All() {
		fmt.Println(item.Hash, item.Name)
	}
	// Output:
	// /sys/fs/cgroup/docker/abc123 true
	// 1001 docker-abc123
}

// temperature is a request kind of a program's own: the number of a sensor in, millidegrees out.
var temperature = service.Service[uint32, int64]{
	Method: service.Method{Code: 1000, Name: "temperature", Batches: true},
	Request: service.Codec[uint32]{
		Size: func(uint32) int { return 4 },
		Encode: func(dst []byte, sensor uint32) (int, error) {
			return binary.Encode(dst, binary.LittleEndian, sensor)
		},
		Decode: func(payload []byte) (sensor uint32, err error) {
			_, err = binary.Decode(payload, binary.LittleEndian, &sensor)
			return sensor, err
		},
	},
	Reply: service.Codec[int64]{
		Size: func(int64) int { return 8 },
		Encode: func(dst []byte, degrees int64) (int, error) {
			if len(dst) < 8 {
				return 0, protocol.ErrOverflow
			}
			return binary.Encode(dst, binary.LittleEndian, degrees)
		},
		Decode: func(payload []byte) (degrees int64, err error) {
			_, err = binary.Decode(payload, binary.LittleEndian, &degrees)
			return degrees, err
		},
	},
}

// A sixth request kind: a Service is all it takes.
func ExampleService() {
	runDir, err := os.MkdirTemp("", "netipc")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(runDir)
	handler := service.ValueHandler(&temperature, func(sensor uint32) (int64, error) {
		if sensor > 2 {
			return 0, &service.HandlerError{Status: protocol.StatusUnsupported, Reason: "no such sensor"}
		}
		return 20_000 + int64(sensor), nil
	})
	defer serve(service.NewServer(runDir, "temperature", service.ServerConfig{Logger: quiet}, handler))()

	client := service.NewClient(&temperature, runDir, "temperature", service.ClientConfig{Logger: quiet})
	defer client.Close()
	client.Refresh()
	degrees, err := client.Call(2)
	fmt.Println(degrees, err)
	batch, err := client.CallBatch([]uint32{0, 1})
	for i, degrees := range batch.All() {
		fmt.Println(i, degrees, err)
	}
	_, err = client.Call(3)
	fmt.Println(errors.Is(err, service.ErrUnsupported), client.Ready())
	// Output:
	// 20002 <nil>
	// 0 20000 <nil>
	// 1 20001 <nil>
	// true true
}

// serve runs server until what it returns is called.
func serve(server *service.Server) (stop func()) {
	if err := server.Bind(); err != nil {
		panic(err)
	}
	served := make(chan error)
	go func() { served <- server.Run() }()
	return func() {
		server.Stop()
		if err := <-served; err != nil {
			panic(err)
		}
	}
}

var _ io.Closer = (*increment.Client)(nil)

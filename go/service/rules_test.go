package service_test

import (
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/netipc/netipc/go/connection"
	"github.com/netipc/netipc/go/internal/conformance"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service"
	"github.com/netipc/netipc/go/service/increment"
	"github.com/netipc/netipc/go/transport"
)

// Rule S1.
func TestTheStatesOfAClientHaveTheNumbersOfTheContract(t *testing.T) {
	for number, state := range []service.ClientState{
		service.StateDisconnected, service.StateConnecting, service.StateReady, service.StateNotFound,
		service.StateAuthFailed, service.StateIncompatible, service.StateBroken,
	} {
		if uint32(state) != uint32(number) {
			t.Errorf("%v is %d instead of %d", state, uint32(state), number)
		}
	}
}

// idsOf answers every request of a session with its payload; it returns the ids, in their order.
func idsOf(server *connection.Connection) (ids []uint64) {
	soon := transport.Timeout(conformance.Soon)
	for {
		request, err := server.Receive(soon)
		if err != nil {
			return ids
		}
		ids = append(ids, request.Header.MessageID)
		if server.Send(request.Header.Answer(protocol.StatusOK), request.Payload, soon) != nil {
			return ids
		}
	}
}

// Rule S10.
func TestTheIDIncreasesWithEveryRequestOfASession(t *testing.T) {
	memory := transport.NewMemory()
	acceptor, err := connection.Listen("/run", "ids", connection.ServerConfig{Transport: memory})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = acceptor.Close() }()
	served := make(chan []uint64, 1)
	go func() {
		server, err := acceptor.Accept(transport.Timeout(conformance.Soon))
		if err != nil {
			t.Error(err)
			served <- nil
			return
		}
		served <- idsOf(server)
	}()
	client := increment.NewClient("/run", "ids", service.ClientConfig{MaxRequestBatchItems: 4, Transport: memory})
	client.Refresh()
	for range 3 {
		if _, err := client.Call(1); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := client.CallBatch([]uint64{7, 8}); err != nil {
		t.Fatal(err)
	}
	if err := client.CallPipelined([]uint64{1, 2, 3, 4}, 4, func(int, uint64) {}); err != nil {
		t.Fatal(err)
	}
	_ = client.Close()
	ids := <-served
	if len(ids) != 8 || !slices.IsSorted(ids) || len(slices.Compact(slices.Clone(ids))) != 8 {
		t.Errorf("the ids are %v", ids)
	}
}

// Rule S24.
func TestSessionsRunAHandlerAtOnceAndOneSessionInOrder(t *testing.T) {
	const sessions, together = 3, ^uint64(0)
	memory := transport.NewMemory()
	var inside sync.WaitGroup
	inside.Add(sessions)
	// Only one session appends: the others are told together.
	var order []uint64
	handler := service.ValueHandler(&increment.Service, func(n uint64) (uint64, error) {
		if n == together {
			// Only when every session is in here does any of them go on.
			inside.Done()
			inside.Wait()
		} else {
			order = append(order, n)
		}
		return n, nil
	})
	server := service.NewServer("/run", "order", service.ServerConfig{Transport: memory, Logger: slog.New(slog.DiscardHandler)}, handler)
	if err := server.Bind(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Run() }()
	connect := func() *increment.Client {
		client := increment.NewClient("/run", "order", service.ClientConfig{Transport: memory})
		client.Refresh()
		return client
	}
	var asking sync.WaitGroup
	for range sessions {
		asking.Add(1)
		go func() {
			defer asking.Done()
			client := connect()
			defer func() { _ = client.Close() }()
			if _, err := client.CallWithin(time.Minute, together); err != nil {
				t.Error(err)
			}
		}()
	}
	asking.Wait()
	requests := make([]uint64, 100)
	for i := range requests {
		requests[i] = uint64(i)
	}
	client := connect()
	if err := client.CallPipelined(requests, 8, func(int, uint64) {}); err != nil {
		t.Error(err)
	}
	_ = client.Close()
	server.Stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if !slices.Equal(order, requests) {
		t.Errorf("the handler saw %v", order)
	}
}

func TestAServerWithoutAHandlerStartsAndAnswersInternalError(t *testing.T) {
	memory := transport.NewMemory()
	config := service.ServerConfig{Transport: memory, Logger: slog.New(slog.DiscardHandler)}
	for name, handler := range map[string]service.Handler{
		"value": service.ValueHandler(&increment.Service, nil),
		"built": service.BuilderHandler[uint64, uint64](increment.Service.Method, nil, service.Builder[uint64, uint64]{}, nil),
		"any":   service.AnyHandler("any", nil),
	} {
		server := service.NewServer("/run", name, config, handler)
		if err := server.Bind(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- server.Run() }()
		client := increment.NewClient("/run", name, service.ClientConfig{Transport: memory})
		client.Refresh()
		if _, err := client.Call(1); !errors.Is(err, service.ErrHandlerFailed) {
			t.Errorf("%s: got %v", name, err)
		}
		_ = client.Close()
		server.Stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

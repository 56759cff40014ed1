package bench

import (
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service"
	"github.com/netipc/netipc/go/service/cgroups_snapshot"
	"github.com/netipc/netipc/go/service/increment"
)

// work is what a scenario is told.
type work struct {
	arguments
	config service.ClientConfig
	items  uint32
}

func (w *work) incrementer() (*increment.Client, error) {
	client := increment.NewClient(w.arguments["run-dir"], w.arguments["service"], w.config)
	return client, w.connect(client)
}

func (w *work) ping() (*operation, error) {
	client, err := w.incrementer()
	var number uint64
	return &operation{close: client.Close, run: func() (uint64, error) {
		next, err := client.Call(number)
		if err != nil {
			return 0, err
		}
		if next != number+1 {
			return 0, wrong("not the next number")
		}
		number = next
		return 1, nil
	}}, err
}

// batch sends from 2 to the most items, the same numbers of them as the Rust client: xorshift32.
func (w *work) batch() (*operation, error) {
	client, err := w.incrementer()
	if w.items < 2 {
		return nil, wrong("a batch of fewer than 2")
	}
	requests := make([]uint64, w.items)
	for i := range requests {
		requests[i] = uint64(i)
	}
	sizes := uint32(12345)
	return &operation{close: client.Close, run: func() (uint64, error) {
		sizes ^= sizes << 13
		sizes ^= sizes >> 17
		sizes ^= sizes << 5
		count := sizes%(w.items-1) + 2
		reply, err := client.CallBatch(requests[:count])
		if err != nil {
			return 0, err
		}
		for i := range int(count) {
			if next, there := reply.Get(i); !there || next != requests[i]+1 {
				return 0, wrong("not the next number")
			}
		}
		return uint64(count), nil
	}}, err
}

func (w *work) pipeline() (*operation, error) {
	client, err := w.incrementer()
	requests, replies := make([]uint64, w.items), make([]uint64, w.items)
	var first uint64
	keep := func(index int, reply uint64) { replies[index] = reply }
	return &operation{close: client.Close, run: func() (uint64, error) {
		for i := range requests {
			requests[i], replies[i] = first, 0
			first++
		}
		if err := client.CallPipelined(requests, int(w.items), keep); err != nil {
			return 0, err
		}
		for i, reply := range replies {
			if reply != requests[i]+1 {
				return 0, wrong("not the next number")
			}
		}
		return uint64(w.items), nil
	}}, err
}

func (w *work) snapshots() (*cgroups_snapshot.Client, error) {
	client := cgroups_snapshot.NewClient(w.arguments["run-dir"], w.arguments["service"], w.config)
	return client, w.connect(client)
}

func (w *work) snapshot() (*operation, error) {
	client, err := w.snapshots()
	cgroups := cgroupsOf(w.items)
	return &operation{close: client.Close, run: func() (uint64, error) {
		reply, err := client.CallSnapshot()
		if err != nil {
			return 0, err
		}
		right := reply.ItemCount == w.items && reply.Generation == generation
		var item protocol.CgroupsItemView
		for i := uint32(0); right && i < w.items; i++ {
			err := reply.Read(i, &item)
			cgroup := &cgroups[i]
			right = err == nil && item.Hash == cgroup.hash && string(item.Name.Bytes()) == cgroup.name &&
				string(item.Path.Bytes()) == cgroup.path
		}
		if !right {
			return 0, wrong("a snapshot that is not the served one")
		}
		return 1, nil
	}}, err
}

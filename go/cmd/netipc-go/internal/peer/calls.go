package peer

import (
	"fmt"
	"slices"

	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service"
	"github.com/netipc/netipc/go/service/apps_lookup"
	"github.com/netipc/netipc/go/service/cgroups_lookup"
	"github.com/netipc/netipc/go/service/cgroups_snapshot"
	"github.com/netipc/netipc/go/service/string_reverse"
)

// Checks that ask, and compare each answer with what it must be.

func (c *checker) increments() (status service.ClientStatus, err error) {
	client := c.incrementer()
	defer client.Close()
	err = connects(client)
	for _, value := range c.values() {
		if err == nil {
			err = increments(client, value)
		}
	}
	return client.Status(), err
}

func (c *checker) incrementBatch() (status service.ClientStatus, err error) {
	client := c.incrementer()
	defer client.Close()
	err = connects(client)
	if err != nil {
		return status, err
	}
	values := c.values()
	reply, err := client.CallBatch(values)
	if err != nil {
		return status, err
	}
	if err := same("the number of answers", reply.Len(), len(values)); err != nil {
		return status, err
	}
	for i, answer := range reply.All() {
		if err := same("an answer", answer, values[i]+1); err != nil {
			return status, err
		}
	}
	return client.Status(), nil
}

func (c *checker) incrementsPipelined() (status service.ClientStatus, err error) {
	client := c.incrementer()
	defer client.Close()
	err = connects(client)
	if err != nil {
		return status, err
	}
	values := c.values()
	found, times := make([]uint64, len(values)), make([]int, len(values))
	err = client.CallPipelined(values, c.window, func(index int, answer uint64) {
		found[index] = answer
		times[index]++
	})
	if err != nil {
		return status, err
	}
	for i, value := range values {
		if err := same("an answer", found[i], value+1); err != nil {
			return status, err
		}
		if err := same("how often it came", times[i], 1); err != nil {
			return status, err
		}
	}
	return client.Status(), nil
}

func (c *checker) textReversed() (status service.ClientStatus, err error) {
	client := string_reverse.NewClient(c.runDir, c.service, c.clientConfig())
	defer client.Close()
	if err := connects(client); err != nil {
		return status, err
	}
	text := textOf(int(c.count))
	reply, err := client.Call(text)
	if err != nil {
		return status, err
	}
	slices.Reverse(text)
	if !slices.Equal(reply, text) {
		return status, fmt.Errorf("the text begins with %.40q instead of %.40q", reply, text)
	}
	return client.Status(), nil
}

func (c *checker) snapshotAsked() (status service.ClientStatus, err error) {
	client := cgroups_snapshot.NewClient(c.runDir, c.service, c.clientConfig())
	defer client.Close()
	if err := connects(client); err != nil {
		return status, err
	}
	expected := c.snapshot()
	reply, err := client.CallSnapshot()
	if err != nil {
		return status, err
	}
	err = all(
		func() error { return same("the number of items", reply.ItemCount, expected.items) },
		func() error { return same("the generation", reply.Generation, expected.generation) },
		func() error { return same("systemd_enabled", reply.SystemdEnabled, expected.systemdEnabled()) },
	)
	for index := uint32(0); index < reply.ItemCount && err == nil; index++ {
		var item protocol.CgroupsItemView
		if item, err = reply.Item(index); err == nil {
			err = sameItem(item, expected.item(index))
		}
	}
	return client.Status(), err
}

func (c *checker) cgroupsFound() (status service.ClientStatus, err error) {
	client := cgroups_lookup.NewClient(c.runDir, c.service, c.clientConfig())
	defer client.Close()
	paths := make([][]byte, c.count)
	for i := range paths {
		paths[i] = []byte(path(numberAt(c.first + uint32(i))))
	}
	if err := connects(client); err != nil {
		return status, err
	}
	reply, err := client.Call(paths)
	if err != nil {
		return status, err
	}
	if err := c.sameReply(reply.Len(), reply.Generation); err != nil {
		return status, err
	}
	for i, item := range reply.Items() {
		if err := sameItem(item, cgroup(protocol.CString(paths[i]), c.small())); err != nil {
			return status, err
		}
	}
	return client.Status(), nil
}

func (c *checker) processesFound() (status service.ClientStatus, err error) {
	client := apps_lookup.NewClient(c.runDir, c.service, c.clientConfig())
	defer client.Close()
	pids := make([]uint32, c.count)
	for i := range pids {
		pids[i] = numberAt(c.first + uint32(i))
	}
	if err := connects(client); err != nil {
		return status, err
	}
	reply, err := client.Call(pids)
	if err != nil {
		return status, err
	}
	if err := c.sameReply(reply.Len(), reply.Generation); err != nil {
		return status, err
	}
	for i, item := range reply.Items() {
		if err := sameItem(item, process(pids[i], c.small())); err != nil {
			return status, err
		}
	}
	return client.Status(), nil
}

// sameReply expects an item for each key, of the right generation.
func (c *checker) sameReply(items int, generation uint64) error {
	if err := same("the number of items", items, int(c.count)); err != nil {
		return err
	}
	return same("the generation", generation, c.generation)
}

func (c *checker) values() []uint64 {
	values := make([]uint64, c.count)
	for i := range values {
		values[i] = valueAt(uint64(i))
	}
	return values
}

// sameItem expects two items to be the same in every field: the bytes on the wire have nothing else.
func sameItem[I protocol.Encoder](found, expected I) error {
	foundBytes, err := encoded(found)
	if err != nil {
		return fmt.Errorf("an item cannot be: %w", err)
	}
	expectedBytes, err := encoded(expected)
	if err != nil {
		return fmt.Errorf("an item cannot be: %w", err)
	}
	if !slices.Equal(foundBytes, expectedBytes) {
		return fmt.Errorf("an item is %.3000q instead of %.3000q", foundBytes, expectedBytes)
	}
	return nil
}

func encoded[I protocol.Encoder](item I) ([]byte, error) {
	bytes := make([]byte, item.Size())
	return bytes, item.Encode(bytes)
}

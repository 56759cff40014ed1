package peer

import (
	"fmt"
	"slices"

	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service"
	"github.com/netipc/netipc/go/service/cgroups_snapshot"
	"github.com/netipc/netipc/go/service/string_reverse"
)

// Checks that ask, and compare each answer with what it must be.

func (o *options) incrementAsker() asker {
	client := o.incrementer()
	return asking(client, func(o *options) error {
		for _, value := range o.values() {
			if err := increments(client, value); err != nil {
				return err
			}
		}
		return nil
	})
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

func (o *options) reverseAsker() asker {
	client := string_reverse.NewClient(o.runDir, o.service, o.clientConfig())
	return asking(client, func(o *options) error {
		text := textOf(int(o.count))
		reply, err := client.Call(text)
		if err != nil {
			return err
		}
		slices.Reverse(text)
		if !slices.Equal(reply, text) {
			return fmt.Errorf("the text begins with %.40q instead of %.40q", reply, text)
		}
		return nil
	})
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

func (o *options) values() []uint64 {
	values := make([]uint64, o.count)
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

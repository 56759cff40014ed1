package documents

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service/cgroups_snapshot"
)

// Read returns the document of a data file, checked: a server never finds a mistake in it. A file that
// does not say for which service it is, is for service.
func Read(data []byte, service string) (any, error) {
	var head struct {
		Service *string `json:"service"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, err
	}
	if head.Service != nil {
		service = *head.Service
	}
	switch service {
	case Snapshots:
		return readSnapshot(data)
	case Cgroups:
		return readLookup(data, "path", CgroupItem{}, func(item *CgroupItem) (string, error) {
			view := item.View()
			return item.Path, answerable(view, view.StatusCode() == view.Rules().Exceeded)
		})
	case Apps:
		return readLookup(data, "pid", AppItem{Uid: protocol.UidUnset}, func(item *AppItem) (uint32, error) {
			view := item.View()
			return item.Pid, answerable(view, view.StatusCode() == view.Rules().Exceeded)
		})
	case Increment:
		return readPair[uint64](data)
	case Reverse:
		return readPair[string](data)
	case "":
		return nil, errors.New(`the file has no "service": say with --service which one it is for`)
	}
	return nil, fmt.Errorf("there is no service %q: use one of %v", service, Services)
}

// list is a document whose items are still to be read.
type list struct {
	Service        *string           `json:"service"`
	Generation     uint64            `json:"generation"`
	SystemdEnabled uint32            `json:"systemd_enabled"`
	Items          []json.RawMessage `json:"items"`
}

func readList(data []byte, fields ...string) (*list, error) {
	if err := hasOnly(data, append(fields, "service", "generation", "items")); err != nil {
		return nil, err
	}
	var l list
	if err := strict(data, &l, "items"); err != nil {
		return nil, err
	}
	return &l, nil
}

func readSnapshot(data []byte) (*Snapshot, error) {
	l, err := readList(data, "systemd_enabled")
	if err != nil {
		return nil, err
	}
	items, err := readItems(l.Items, SnapshotItem{Enabled: 1}, "name", func(item *SnapshotItem, raw []byte) error {
		if has(raw, "hash") != nil {
			item.Hash = cgroups_snapshot.SimpleHash(item.Name)
		}
		return sendable(item.View())
	})
	if err != nil {
		return nil, err
	}
	return &Snapshot{Snapshots, l.Generation, l.SystemdEnabled, items}, nil
}

// readLookup reads a lookup whose items begin as empty; check returns the key of one. A reply may hold
// a key twice, and then says the same twice.
func readLookup[I any, K comparable](data []byte, key string, empty I, check func(*I) (K, error)) (*Lookup[I], error) {
	l, err := readList(data)
	if err != nil {
		return nil, err
	}
	seen := make(map[K][]byte, len(l.Items))
	items, err := readItems(l.Items, empty, key, func(item *I, _ []byte) error {
		key, err := check(item)
		if err != nil {
			return err
		}
		shown, err := json.Marshal(item)
		if err != nil {
			return err
		}
		if earlier, twice := seen[key]; twice && !bytes.Equal(earlier, shown) {
			return errors.New("it has the key of an earlier item")
		}
		seen[key] = shown
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &Lookup[I]{Generation: l.Generation, Items: items}, nil
}

func readItems[I any](raws []json.RawMessage, empty I, key string, check func(*I, []byte) error) ([]I, error) {
	items := make([]I, len(raws))
	for i, raw := range raws {
		items[i] = empty
		err := strict(raw, &items[i], key)
		if err == nil {
			err = check(&items[i], raw)
		}
		if err != nil {
			return nil, fmt.Errorf("items[%d] cannot be served: %w", i, err)
		}
	}
	return items, nil
}

func readPair[T any](data []byte) (*Pair[T], error) {
	var pair Pair[T]
	if err := strict(data, &pair, "request", "reply"); err != nil {
		return nil, err
	}
	return &pair, nil
}

// strict reads an object that has the required fields and none that nobody knows.
func strict(data []byte, into any, required ...string) error {
	input := json.NewDecoder(bytes.NewReader(data))
	input.DisallowUnknownFields()
	if err := input.Decode(into); err != nil {
		return err
	}
	if _, err := input.Token(); err != io.EOF {
		return errors.New("there is something behind the document")
	}
	return has(data, required...)
}

// has fails unless an object has the fields.
func has(object []byte, fields ...string) error {
	found, err := members(object)
	if err != nil {
		return err
	}
	for _, field := range fields {
		if _, there := found[field]; !there {
			return fmt.Errorf("missing field %q", field)
		}
	}
	return nil
}

// hasOnly fails for an object with other fields.
func hasOnly(object []byte, fields []string) error {
	found, err := members(object)
	if err != nil {
		return err
	}
	for field := range found {
		if !slices.Contains(fields, field) {
			return fmt.Errorf("unknown field %q", field)
		}
	}
	return nil
}

func members(object []byte) (map[string]json.RawMessage, error) {
	var found map[string]json.RawMessage
	err := json.Unmarshal(object, &found)
	return found, err
}

// answerable fails for an item of a lookup that cannot be an answer.
func answerable(item protocol.Encoder, exceeded bool) error {
	if exceeded {
		return errors.New("its status is for the protocol alone")
	}
	return sendable(item)
}

// sendable fails for an item that breaks the rules of the wire.
func sendable(item protocol.Encoder) error { return item.Encode(make([]byte, item.Size())) }

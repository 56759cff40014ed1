package kinds

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"

	"github.com/netipc/netipc/go/protocol"
)

// list is a document whose items are still to be read.
type list struct {
	Generation uint64
	Items      []json.RawMessage
}

// readList reads a document that has items, and fields of its header besides. What call --json tells of the call is passed over.
func readList(document []byte, header ...string) (*list, error) {
	found, err := members(document)
	if err != nil {
		return nil, err
	}
	for name := range found {
		if !slices.Contains([]string{"service", "generation", "items", "call"}, name) && !slices.Contains(header, name) {
			return nil, fmt.Errorf("unknown field %q", name)
		}
	}
	if err := has(document, "items"); err != nil {
		return nil, err
	}
	var l list
	if err := json.Unmarshal(found["items"], &l.Items); err != nil {
		return nil, fmt.Errorf("items: %w", err)
	}
	if raw, given := found["generation"]; given {
		if err := json.Unmarshal(raw, &l.Generation); err != nil {
			return nil, fmt.Errorf("generation: %w", err)
		}
	}
	return &l, nil
}

// readFields reads the fields of a struct that an object has.
func readFields(object []byte, into any) error {
	found, err := members(object)
	if err != nil {
		return err
	}
	to := reflect.ValueOf(into).Elem()
	for _, field := range fieldsOf(to.Type()) {
		if raw, given := found[field.name]; given {
			if err := readValue(raw, to.Field(field.index)); err != nil {
				return fmt.Errorf("%s: %w", field.name, err)
			}
		}
	}
	return nil
}

// readObject reads a struct from an object that has the required fields and none that nobody knows.
func readObject(object []byte, into any, required []string) error {
	found, err := members(object)
	if err != nil {
		return err
	}
	if err := has(object, required...); err != nil {
		return err
	}
	known := fieldsOf(reflect.TypeOf(into).Elem())
	for name := range found {
		if !slices.ContainsFunc(known, func(field field) bool { return field.name == name }) {
			return fmt.Errorf("unknown field %q", name)
		}
	}
	return readFields(object, into)
}

// readItem reads an item that can be sent.
func readItem(object []byte, into any, required []string, item protocol.Encoder) error {
	if err := readObject(object, into, required); err != nil {
		return err
	}
	return sendable(item)
}

func cannotBeServed(i int, err error) error {
	return fmt.Errorf("items[%d] cannot be served: %w", i, err)
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

// memberOf returns a member of an object that has it.
func memberOf(object []byte, name string) json.RawMessage {
	found, _ := members(object)
	return found[name]
}

func members(object []byte) (map[string]json.RawMessage, error) {
	var found map[string]json.RawMessage
	err := json.Unmarshal(object, &found)
	return found, err
}

// sendable fails for an item that breaks the rules of the wire.
func sendable(item protocol.Encoder) error { return item.Encode(make([]byte, item.Size())) }

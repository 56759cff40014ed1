package kinds

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"strconv"
	"strings"
	"unicode"

	"github.com/netipc/netipc/go/protocol"
)

// What the fields of a struct are in JSON and in tables. A field is called as in the schema.

// field is a field of a struct.
type field struct {
	name  string
	index int
}

// fieldsOf returns the fields of a struct, or none of what is none.
func fieldsOf(form reflect.Type) []field {
	var fields []field
	for i := range form.NumField() {
		fields = append(fields, field{snake(form.Field(i).Name), i})
	}
	return fields
}

// namesOf returns the names of the fields of S.
func namesOf[S any]() []string {
	var names []string
	for _, field := range fieldsOf(reflect.TypeFor[S]()) {
		names = append(names, field.name)
	}
	return names
}

// snake is a name of Go as the schema has it.
func snake(name string) string {
	var out strings.Builder
	for i, char := range name {
		if unicode.IsUpper(char) && i > 0 {
			out.WriteByte('_')
		}
		out.WriteRune(unicode.ToLower(char))
	}
	return out.String()
}

// objectOf is a struct, or what points to one, in JSON; nothing is an object without members.
func objectOf(value any) (object Object) {
	if value == nil {
		return nil
	}
	from := reflect.Indirect(reflect.ValueOf(value))
	for _, field := range fieldsOf(from.Type()) {
		object = append(object, Member{field.name, shown(from.Field(field.index).Interface())})
	}
	return object
}

// shown is a value of a field in JSON: a number, a text, or an object of labels.
func shown(value any) any {
	switch value := value.(type) {
	case protocol.CStringView:
		return lossy(value)
	case protocol.Labels:
		labels := Object{}
		for _, label := range value.All() {
			labels = append(labels, Member{lossy(label.Key), lossy(label.Value)})
		}
		return labels
	case netip.Addr:
		return value.String()
	case fmt.Stringer:
		if name, known := nameOf(value); known {
			return name
		}
		return reflect.ValueOf(value).Uint()
	}
	if from := reflect.ValueOf(value); from.Kind() == reflect.Array {
		text := make([]byte, from.Len())
		reflect.Copy(reflect.ValueOf(text), from)
		return lossy(protocol.CString([]byte(strings.TrimRight(string(text), "\x00"))))
	}
	return value
}

// nameOf returns the name of a number of the protocol. Numbers without one are shown behind their kind and
// a space, which no name has.
func nameOf(number fmt.Stringer) (string, bool) {
	name := number.String()
	return name, !strings.Contains(name, " ")
}

// numberOf sets into, a number with names, to that of a name.
func numberOf(name string, into reflect.Value) bool {
	for n := uint64(0); ; n++ {
		candidate := reflect.New(into.Type()).Elem()
		candidate.SetUint(n)
		found, known := nameOf(candidate.Interface().(fmt.Stringer))
		if !known {
			return false
		}
		if found == name {
			into.SetUint(n)
			return true
		}
	}
}

// unknownStatus is the status of an item that nothing is known of, for good if there is such a one.
func unknownStatus[I any]() uint16 {
	status := reflect.New(reflect.TypeFor[I]()).Elem().FieldByName("Status")
	if !numberOf("unknown-permanent", status) && !numberOf("unknown", status) {
		panic("no status says that nothing is known")
	}
	return uint16(status.Uint())
}

// what tells what a value of a type is.
func what(form reflect.Type) string {
	switch {
	case form == reflect.TypeFor[netip.Addr]():
		return "address"
	case form.Kind() >= reflect.Int && form.Kind() <= reflect.Uint64:
		return "number"
	default:
		return "text"
	}
}

// parseKey reads what a key is named by, of which the fields of several are separated by commas.
func parseKey(into any, text []byte) error {
	to := reflect.ValueOf(into).Elem()
	if to.Kind() != reflect.Struct || to.Type() == reflect.TypeFor[netip.Addr]() {
		return parsePart(to, string(text))
	}
	parts := strings.Split(string(text), ",")
	if len(parts) != to.NumField() {
		return fmt.Errorf("it has %d parts, not %d", len(parts), to.NumField())
	}
	for i, part := range parts {
		if err := parsePart(to.Field(i), part); err != nil {
			return err
		}
	}
	return nil
}

func parsePart(to reflect.Value, text string) error {
	switch what(to.Type()) {
	case "address":
		address, err := netip.ParseAddr(text)
		if err != nil || address.Zone() != "" {
			return fmt.Errorf("%q is no address", text)
		}
		to.Set(reflect.ValueOf(address))
	case "number":
		number, err := strconv.ParseUint(text, 10, to.Type().Bits())
		if err != nil {
			return fmt.Errorf("%q is no number from 0 to %d", text, uint64(1)<<(to.Type().Bits()-1)*2-1)
		}
		to.SetUint(number)
	default:
		to.SetBytes([]byte(text))
	}
	return nil
}

// readValue reads what a field says in JSON.
func readValue(raw json.RawMessage, to reflect.Value) error {
	if _, named := to.Interface().(fmt.Stringer); named && what(to.Type()) == "number" {
		return readNamed(raw, to)
	}
	if what(to.Type()) == "number" {
		return json.Unmarshal(raw, to.Addr().Interface())
	}
	if to.Type() == reflect.TypeFor[protocol.Labels]() {
		labels, err := readLabels(raw)
		to.Set(reflect.ValueOf(labels))
		return err
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return err
	}
	switch to.Interface().(type) {
	case protocol.CStringView:
		to.Set(reflect.ValueOf(protocol.CString([]byte(text))))
	case netip.Addr:
		return parsePart(to, text)
	case []byte:
		to.SetBytes([]byte(text))
	default:
		if len(text) > to.Len() {
			return fmt.Errorf("%q has more than %d bytes", text, to.Len())
		}
		reflect.Copy(to, reflect.ValueOf([]byte(text)))
	}
	return nil
}

// readNamed reads a name, or a number.
func readNamed(raw json.RawMessage, to reflect.Value) error {
	var name string
	if json.Unmarshal(raw, &name) == nil {
		if !numberOf(name, to) {
			return fmt.Errorf("%q is no value of it", name)
		}
		return nil
	}
	var number uint64
	if json.Unmarshal(raw, &number) != nil || to.OverflowUint(number) {
		return fmt.Errorf("%s is neither a name nor a number of it", raw)
	}
	to.SetUint(number)
	return nil
}

// errNoKeys says that a service takes no keys.
func errNoKeys(service string) error { return errors.New(service + " takes no keys") }

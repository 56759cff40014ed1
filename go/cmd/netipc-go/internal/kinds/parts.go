package kinds

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/netipc/netipc/go/protocol"
)

// Object is an object of JSON whose members keep their order.
type Object []Member

// Member is a member of an object.
type Member struct {
	Name  string
	Value any
}

// MarshalJSON writes the members in order.
func (o Object) MarshalJSON() ([]byte, error) {
	out := bytes.NewBufferString("{")
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for i, member := range o {
		if i > 0 {
			out.WriteByte(',')
		}
		if err := encoder.Encode(member.Name); err != nil {
			return nil, err
		}
		out.WriteByte(':')
		if err := encoder.Encode(member.Value); err != nil {
			return nil, err
		}
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// readLabels reads an object of strings, in the order of its members.
func readLabels(data []byte) (protocol.Labels, error) {
	notLabels := errors.New("labels are not an object of strings")
	input := json.NewDecoder(bytes.NewReader(data))
	if start, err := input.Token(); err != nil || start != json.Delim('{') {
		return protocol.Labels{}, notLabels
	}
	var pairs []protocol.Label
	for input.More() {
		key, err := input.Token()
		if err != nil {
			return protocol.Labels{}, err
		}
		value, err := input.Token()
		if err != nil {
			return protocol.Labels{}, err
		}
		text, ok := value.(string)
		if !ok {
			return protocol.Labels{}, notLabels
		}
		// Keys of objects are strings.
		pairs = append(pairs, protocol.NewLabel([]byte(key.(string)), []byte(text)))
	}
	return protocol.LabelsOf(pairs), nil
}

// lossy is a text with U+FFFD in place of what is not UTF-8: one for each sequence that begins as a
// character does and then goes wrong, as the program netipc has it.
func lossy(view protocol.CStringView) string {
	text := view.Bytes()
	if utf8.Valid(text) {
		return string(text)
	}
	var out strings.Builder
	for len(text) > 0 {
		char, width := utf8.DecodeRune(text)
		if char == utf8.RuneError && width == 1 {
			for width < len(text) && !utf8.FullRune(text[:width+1]) {
				width++
			}
		}
		out.WriteRune(char)
		text = text[width:]
	}
	return out.String()
}

package documents

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/netipc/netipc/go/protocol"
)

// A code is its name in JSON, or its number where it has none.
type (
	// CgroupStatus is a [protocol.CgroupStatus] in JSON.
	CgroupStatus = code[protocol.CgroupStatus]
	// PidStatus is a [protocol.PidStatus] in JSON.
	PidStatus = code[protocol.PidStatus]
	// AppsCgroupStatus is a [protocol.AppsCgroupStatus] in JSON.
	AppsCgroupStatus = code[protocol.AppsCgroupStatus]
	// Orchestrator is a [protocol.Orchestrator] in JSON.
	Orchestrator = code[protocol.Orchestrator]
)

// number is a number of the protocol with names for some of its values, the lowest ones.
type number interface {
	~uint16
	fmt.Stringer
}

type code[N number] struct{ Code N }

// String is the name, or the number behind its kind.
func (c code[N]) String() string { return c.Code.String() }

// MarshalJSON writes the name, or the number where there is none.
func (c code[N]) MarshalJSON() ([]byte, error) {
	if name, known := nameOf(c.Code); known {
		return json.Marshal(name)
	}
	return json.Marshal(uint16(c.Code))
}

// UnmarshalJSON reads a name or a number.
func (c *code[N]) UnmarshalJSON(data []byte) error {
	var number uint16
	if json.Unmarshal(data, &number) == nil {
		c.Code = N(number)
		return nil
	}
	var wanted string
	if json.Unmarshal(data, &wanted) == nil {
		for n := N(0); ; n++ {
			name, known := nameOf(n)
			if !known {
				break
			}
			if name == wanted {
				c.Code = n
				return nil
			}
		}
	}
	return fmt.Errorf("%s is not %s, by name or number", data, c.what())
}

func (c code[N]) what() string {
	switch any(c.Code).(type) {
	case protocol.CgroupStatus:
		return "a status of a cgroup"
	case protocol.PidStatus:
		return "a status of a process"
	case protocol.AppsCgroupStatus:
		return "a status of a process's cgroup"
	default:
		return "an orchestrator"
	}
}

// nameOf returns the name of a number. Numbers without one are shown behind their kind and a space,
// which no name has.
func nameOf[N number](n N) (string, bool) {
	name := n.String()
	return name, !strings.Contains(name, " ")
}

// Labels are labels as an object whose members keep their order.
type Labels []Label

// Label is a key and its value.
type Label struct{ Key, Value string }

// MarshalJSON writes an object.
func (l Labels) MarshalJSON() ([]byte, error) {
	out := bytes.NewBufferString("{")
	for i, label := range l {
		if i > 0 {
			out.WriteByte(',')
		}
		for _, part := range []struct{ text, end string }{{label.Key, ":"}, {label.Value, ""}} {
			text, err := json.Marshal(part.text)
			if err != nil {
				return nil, err
			}
			out.Write(text)
			out.WriteString(part.end)
		}
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// UnmarshalJSON reads an object of strings.
func (l *Labels) UnmarshalJSON(data []byte) error {
	notLabels := errors.New("labels are not an object of strings")
	input := json.NewDecoder(bytes.NewReader(data))
	if start, err := input.Token(); err != nil || start != json.Delim('{') {
		return notLabels
	}
	*l = Labels{}
	for input.More() {
		key, err := input.Token()
		if err != nil {
			return err
		}
		value, err := input.Token()
		if err != nil {
			return err
		}
		text, ok := value.(string)
		if !ok {
			return notLabels
		}
		// Keys of objects are strings.
		*l = append(*l, Label{key.(string), text})
	}
	return nil
}

func labelsOf(labels protocol.Labels) Labels {
	pairs := make(Labels, 0, labels.Len())
	for _, label := range labels.All() {
		pairs = append(pairs, Label{lossy(label.Key), lossy(label.Value)})
	}
	return pairs
}

func (l Labels) view() protocol.Labels {
	pairs := make([]protocol.Label, len(l))
	for i, label := range l {
		pairs[i] = protocol.NewLabel([]byte(label.Key), []byte(label.Value))
	}
	return protocol.LabelsOf(pairs)
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

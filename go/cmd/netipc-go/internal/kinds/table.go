package kinds

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode"

	"github.com/netipc/netipc/go/protocol"
)

// flags are how fields that are flags are shown, by their names.
type flags map[string]func(uint32) string

// columns are the columns of the items of a reply: the key first, then the others as they are.
type columns struct {
	fields []field
	// How many of the first are the key.
	keys  int
	flags flags
}

func columnsOf[I any](keys []string, flags flags) columns {
	all := fieldsOf(reflect.TypeFor[I]())
	isKey := func(field field) bool { return slices.Contains(keys, field.name) }
	var first, rest []field
	for _, field := range all {
		if isKey(field) {
			first = append(first, field)
		} else {
			rest = append(rest, field)
		}
	}
	return columns{append(first, rest...), len(first), flags}
}

func (c *columns) head() []string {
	var head []string
	for _, field := range c.fields {
		head = append(head, strings.ToUpper(strings.ReplaceAll(field.name, "_", " ")))
	}
	return head
}

// row is an item. Of one without data only key and status are shown, and what is not as in none.
func (c *columns) row(item, none any, bare bool) []string {
	from, unset := reflect.ValueOf(item).Elem(), reflect.ValueOf(none).Elem()
	var row []string
	for i, field := range c.fields {
		value := from.Field(field.index).Interface()
		hidden := bare && i >= c.keys && field.name != "status" &&
			reflect.DeepEqual(shown(value), shown(unset.Field(field.index).Interface()))
		if hidden {
			row = append(row, "")
		} else {
			row = append(row, c.cell(field.name, value))
		}
	}
	return row
}

func (c *columns) cell(name string, value any) string {
	if number, is := value.(uint32); is {
		if show, flags := c.flags[name]; flags {
			return show(number)
		}
		if name == "hash" {
			return fmt.Sprintf("%08x", number)
		}
	}
	if labels, are := value.(protocol.Labels); are {
		var pairs []string
		for _, label := range labels.All() {
			pairs = append(pairs, plain(lossy(label.Key))+"="+plain(lossy(label.Value)))
		}
		return strings.Join(pairs, " ")
	}
	return plain(fmt.Sprint(shown(value)))
}

// misleading tells characters that a terminal would obey, and those that are invisible and change how others are shown.
func misleading(char rune) bool {
	return unicode.IsControl(char) || unicode.In(char, unicode.Cf, unicode.Zl, unicode.Zp)
}

// plain is a text that others chose without what a terminal would obey, and what would make it look like another text.
func plain(text string) string {
	var out strings.Builder
	for _, char := range text {
		switch {
		case !misleading(char):
			out.WriteRune(char)
		case char == '\n':
			out.WriteString(`\n`)
		case char == '\t':
			out.WriteString(`\t`)
		case char == '\r':
			out.WriteString(`\r`)
		default:
			fmt.Fprintf(&out, `\u{%x}`, char)
		}
	}
	return out.String()
}

package kinds

import (
	"bytes"
	"fmt"
	"reflect"

	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service"
)

// value is a kind with one value in, a number or a text, and one of the same type out.
type value[T any] struct {
	service *service.Service[T, T]
	// What the service answers without a document.
	itself func(T) (T, bool)
}

func (v *value[T]) Name() string { return v.service.Name }

func (v *value[T]) Itself() (service.Handler, bool) {
	return service.ValueHandler(v.service, service.Checked(v.itself)), true
}

func (v *value[T]) Ask(keys [][]byte, _ bool) (Question, error) {
	if len(keys) != 1 {
		return nil, fmt.Errorf("give one %s, not %d", what(reflect.TypeFor[T]()), len(keys))
	}
	var asked T
	if err := parseKey(&asked, keys[0]); err != nil {
		return nil, err
	}
	return func(runDir string, config service.ClientConfig) Asker {
		client := service.NewClient(v.service, runDir, v.service.Name, config)
		return Asker{client, func(ms uint32) (*Reply, error) {
			reply, err := client.CallWithTimeout(asked, ms)
			if err != nil {
				return nil, err
			}
			document := Object{
				{"service", v.service.Name}, {"request", shownValue(asked)}, {"reply", shownValue(reply)},
			}
			return &Reply{JSON: document, Value: plain(fmt.Sprint(shownValue(reply)))}, nil
		}}
	}, nil
}

// shownValue is a value in JSON: a number, or a text.
func shownValue(value any) any {
	if text, ok := value.([]byte); ok {
		return lossy(protocol.CString(text))
	}
	return value
}

// pair is a request and its reply.
type pair[T any] struct{ request, reply T }

func (v *value[T]) Read(document []byte) (Content, error) {
	var members struct{ Service, Request, Reply, Call any }
	if err := strict(document, &members, "request", "reply"); err != nil {
		return nil, err
	}
	var known pair[T]
	for name, into := range map[string]*T{"request": &known.request, "reply": &known.reply} {
		raw := memberOf(document, name)
		if err := readValue(raw, reflect.ValueOf(into).Elem()); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return known, nil
}

func (v *value[T]) Serve(contents []Content, now func() int) service.Handler {
	answer := func(asked T) (T, bool) {
		known, found := chosen[pair[T]](contents, now)
		same := reflect.DeepEqual(asked, known.request)
		if text, ok := any(asked).([]byte); ok {
			// No bytes and none at all are the same text.
			same = bytes.Equal(text, any(known.request).([]byte))
		}
		return known.reply, found && same
	}
	return service.ValueHandler(v.service, service.Checked(answer))
}

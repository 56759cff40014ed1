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

func (v *value[T]) Read(document []byte) (service.Handler, error) {
	var pair struct{ Service, Request, Reply any }
	if err := strict(document, &pair, "request", "reply"); err != nil {
		return service.Handler{}, err
	}
	var request, reply T
	for name, into := range map[string]*T{"request": &request, "reply": &reply} {
		raw := memberOf(document, name)
		if err := readValue(raw, reflect.ValueOf(into).Elem()); err != nil {
			return service.Handler{}, fmt.Errorf("%s: %w", name, err)
		}
	}
	answer := func(asked T) (T, bool) {
		same := reflect.DeepEqual(asked, request)
		if text, ok := any(asked).([]byte); ok {
			// No bytes and none at all are the same text.
			same = bytes.Equal(text, any(request).([]byte))
		}
		return reply, same
	}
	return service.ValueHandler(v.service, service.Checked(answer)), nil
}

package kinds

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service"
)

// lookup is a kind of the shape "keys in, one item for each key out": callers name keys by an A, on the
// wire they are a K.
type lookup[A any, K protocol.LookupKey[K], I any, P protocol.LookupItem[K, I], R any, RP protocol.LookupReply[K, R]] struct {
	service *service.Lookup[A, K, R, RP]
	// The fields of an item that are its key.
	keys []string
}

func newLookup[I any, A any, K protocol.LookupKey[K], R any, RP protocol.LookupReply[K, R], P protocol.LookupItem[K, I]](service *service.Lookup[A, K, R, RP], keys ...string) Kind {
	return &lookup[A, K, I, P, R, RP]{service, keys}
}

func (l *lookup[A, K, I, P, R, RP]) Name() string { return l.service.Name }

func (l *lookup[A, K, I, P, R, RP]) Itself() (service.Handler, bool) { return service.Handler{}, false }

func (l *lookup[A, K, I, P, R, RP]) Ask(keys [][]byte, given bool) (Question, error) {
	if !given {
		return nil, fmt.Errorf("give keys (%s), or - to read them from stdin", strings.Join(l.keys, ","))
	}
	asked := make([]A, len(keys))
	for i, text := range keys {
		if err := parseKey(&asked[i], text); err != nil {
			return nil, fmt.Errorf("%q is no key (%s): %w", text, strings.Join(l.keys, ","), err)
		}
	}
	return func(runDir string, config service.ClientConfig) Asker {
		client := service.NewLookupClient(l.service, runDir, l.service.Name, config)
		return Asker{client, func(ms uint32) (*Reply, error) {
			reply, err := client.CallWithTimeout(asked, ms)
			if err != nil {
				return nil, err
			}
			return l.shown(reply.DataGeneration(), reply.List())
		}}
	}, nil
}

// shown is a reply whose items were validated.
func (l *lookup[A, K, I, P, R, RP]) shown(generation uint64, list protocol.Packed) (*Reply, error) {
	items := make([]I, list.Len())
	for i := range items {
		var err error
		if items[i], err = protocol.DecodeLookupItem[K, I, P](list.Get(i)); err != nil {
			return nil, err
		}
	}
	none := P(new(I)).Bare(*new(K), 0)
	columns := columnsOf[I](l.keys, nil)
	rows := [][]string{columns.head()}
	for i := range items {
		bare := P(&items[i]).StatusCode() != 0
		rows = append(rows, columns.row(&items[i], &none, bare))
	}
	return &Reply{
		JSON:    documentOf(l.service.Name, generation, nil, items),
		Rows:    rows,
		Summary: summary(len(items), generation, nil),
	}, nil
}

// known is what a lookup knows, by keys as they are on the wire.
type known[I any] struct {
	generation uint64
	items      map[string]*I
}

func (l *lookup[A, K, I, P, R, RP]) Read(document []byte) (Content, error) {
	list, err := readList(document)
	if err != nil {
		return nil, err
	}
	none := P(new(I)).Bare(*new(K), 0)
	rules := P(&none).Rules()
	items := make(map[string]*I, len(list.Items))
	for i, raw := range list.Items {
		item := none
		if err := readItem(raw, &item, l.keys, P(&item)); err != nil {
			return nil, cannotBeServed(i, err)
		}
		if P(&item).StatusCode() == rules.Exceeded {
			return nil, cannotBeServed(i, errors.New("its status is for the protocol alone"))
		}
		key := string(encoded(P(&item).Key()))
		// A reply may hold a key twice, and then says the same twice.
		if earlier, twice := items[key]; twice && !bytes.Equal(encoded(P(earlier)), encoded(P(&item))) {
			return nil, cannotBeServed(i, errors.New("it has the key of an earlier item"))
		}
		items[key] = &item
	}
	return known[I]{list.Generation, items}, nil
}

// Serve answers from what is known; what is not, is unknown for good.
func (l *lookup[A, K, I, P, R, RP]) Serve(contents []Content, now func() int) service.Handler {
	unknown := unknownStatus[I]()
	type builder = protocol.LookupBuilder[K, I, P]
	type request = protocol.LookupRequest[K]
	built := service.Builder[request, builder]{
		Start:  func(b *builder, request *request, buf []byte) error { return b.Start(*request, buf) },
		Finish: (*builder).Finish,
	}
	handle := func(request *request, answer *builder) error {
		known, found := chosen[known[I]](contents, now)
		if !found {
			return errSilent
		}
		answer.SetGeneration(known.generation)
		for _, key := range request.Keys() {
			var err error
			if item, found := known.items[string(encoded(key))]; found {
				err = answer.Push(P(item))
			} else {
				err = answer.AddBare(unknown)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
	return service.BuilderHandler(l.service.Method, protocol.DecodeLookupRequest[K], built, handle)
}

// encoded is a key or an item that may be sent.
func encoded(value protocol.Encoder) []byte {
	bytes := make([]byte, value.Size())
	// What cannot be sent was refused before.
	_ = value.Encode(bytes)
	return bytes
}

// Package kinds is what the program knows of each kind of question: how keys are written, what a reply
// looks like in JSON and as a table, and what serves a document. All of it follows from the types of the
// kind, which are made from its schema; a kind is one entry of [All], a lookup one that is made.
//
// Bytes that are not UTF-8 become U+FFFD, as JSON has no other place for them. What a document leaves out
// has the value that the protocol calls unknown or empty, so that a mock can be short.
package kinds

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service"
	"github.com/netipc/netipc/go/service/cgroups_snapshot"
	"github.com/netipc/netipc/go/service/increment"
	"github.com/netipc/netipc/go/service/string_reverse"
)

// Kind is a kind of question.
type Kind interface {
	// Name is that of its endpoint.
	Name() string
	// Ask returns what asks for keys, of which there are none unless given. It fails for what cannot be
	// a key.
	Ask(keys [][]byte, given bool) (Question, error)
	// Read returns what a document says, checked: a server never finds a mistake in it.
	Read(document []byte) (Content, error)
	// Serve returns the server of contents that Read returned: now tells which one answers, none of them where it is negative.
	Serve(contents []Content, now func() int) service.Handler
	// Itself returns the server of the kind without a document, if there is one.
	Itself() (service.Handler, bool)
}

// Content is what a document says, as its kind reads it.
type Content any

// Fixed returns the server of one content.
func Fixed(kind Kind, content Content) service.Handler {
	return kind.Serve([]Content{content}, func() int { return 0 })
}

// chosen returns the content that answers now.
func chosen[C any](contents []Content, now func() int) (content C, found bool) {
	if at := now(); at >= 0 {
		content, found = contents[at].(C)
	}
	return content, found
}

// errSilent says that nobody answered at this time.
var errSilent = errors.New("nobody answered at this time of the recording")

// Question makes whoever asks it.
type Question func(runDir string, config service.ClientConfig) Asker

// Asker is a client with its question.
type Asker struct {
	Client
	// Ask asks once, within so many milliseconds.
	Ask func(ms uint32) (*Reply, error)
}

// Client is a client of any service.
type Client interface {
	RefreshContext(context.Context) bool
	Ready() bool
	OpenError() error
	Status() service.ClientStatus
	Close() error
}

// Reply is a reply that can be shown.
type Reply struct {
	// JSON is the document.
	JSON Object
	// Rows are the table, its head first; none where the reply is one value.
	Rows [][]string
	// Value is the one value.
	Value string
	// Summary is what to say of it in front of how it came; it ends in a comma and a space unless empty.
	Summary string
}

// All are all kinds.
var All = append([]Kind{
	&snapshot[protocol.CgroupsResponseView, protocol.CgroupsHeader, protocol.CgroupsItemView, protocol.CgroupsBuilder, *protocol.CgroupsBuilder]{
		service: &cgroups_snapshot.Service,
		keys:    []string{"name"},
		usual:   protocol.CgroupsItemView{Enabled: 1},
		flags:   flags{"options": protocol.CgroupOptionsString},
		parts: func(reply *protocol.CgroupsResponseView) (protocol.CgroupsHeader, uint64, uint32) {
			return reply.CgroupsHeader, reply.Generation, reply.ItemCount
		},
		item: (*protocol.CgroupsResponseView).Item,
		setHeader: func(b *protocol.CgroupsBuilder, header protocol.CgroupsHeader, generation uint64) {
			b.SetHeader(header.SystemdEnabled, generation)
		},
		complete: func(item *protocol.CgroupsItemView, has func(string) bool) {
			if !has("hash") {
				item.Hash = cgroups_snapshot.SimpleHash(item.Name.String())
			}
		},
	},
	&value[uint64]{&increment.Service, increment.Next},
	&value[[]byte]{&string_reverse.Service, string_reverse.Reverse},
}, lookups...)

// Names are those of all kinds.
func Names() []string {
	names := make([]string, len(All))
	for i, kind := range All {
		names[i] = kind.Name()
	}
	return names
}

// Find returns the kind of that name.
func Find(name string) (Kind, error) {
	if i := slices.IndexFunc(All, func(kind Kind) bool { return kind.Name() == name }); i >= 0 {
		return All[i], nil
	}
	return nil, fmt.Errorf("there is no service %q: use one of %v", name, Names())
}

// OfDocument returns the kind that a document is for. One that does not say so is for the service only.
func OfDocument(document []byte, only string) (Kind, error) {
	var head struct {
		Service *string `json:"service"`
	}
	if err := json.Unmarshal(document, &head); err != nil {
		return nil, err
	}
	switch {
	case head.Service != nil:
		return Find(*head.Service)
	case only == "":
		return nil, errors.New(`the file has no "service": say with --service which one it is for`)
	}
	return Find(only)
}

// summary tells how many items there are, and what else the head of a reply says.
func summary(items int, generation uint64, header any) string {
	noun := "items"
	if items == 1 {
		noun = "item"
	}
	said := fmt.Sprintf("%d %s, ", items, noun)
	for _, member := range append(objectOf(header), Member{"generation", generation}) {
		said += fmt.Sprintf("%s %v, ", member.Name, member.Value)
	}
	return said
}

// documentOf is the document of a list.
func documentOf[I any](service string, generation uint64, header any, items []I) Object {
	shown := make([]Object, len(items))
	for i := range items {
		shown[i] = objectOf(&items[i])
	}
	head := append(Object{{"service", service}}, objectOf(header)...)
	return append(head, Member{"generation", generation}, Member{"items", shown})
}

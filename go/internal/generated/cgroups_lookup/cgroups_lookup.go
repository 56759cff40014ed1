// Package cgroups_lookup is `cgroups-lookup`: Cgroup paths in; orchestrator, name and labels of each out.
//
//	key
//	  the bytes of the text, NUL
//	item
//	  0       2       4             6  8          16         24            26
//	  layout  status  orchestrator  0  path span  name span  labels count  0
//
//	  28
//	  path NUL name NUL gap to 8, spans of labels, key NUL value NUL ..
//
// Made from cgroups-lookup.toml by netipc schema generate: change that file, not this one.
package cgroups_lookup

import (
	"encoding/binary"
	"fmt"

	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service"
)

type (
	// ClientConfig is how a client connects and calls.
	ClientConfig = service.ClientConfig
	// ServerConfig is how a server accepts and answers.
	ServerConfig = service.ServerConfig
	// Server is a server of the service.
	Server = service.Server
	// Client is a client of the service. Replies borrow its buffers until the next call.
	Client = service.LookupClient[[]byte, Key, Reply, *Reply]
	// Request is the keys of a request.
	Request = protocol.LookupRequest[Key]
	// Reply is the items of a reply, in the order of the keys.
	Reply = protocol.LookupResponse[Key, Item, *Item]
	// Builder takes an item for each key.
	Builder = protocol.LookupBuilder[Key, Item, *Item]
)

// Service is the request kind.
var Service = service.Lookup[[]byte, Key, Reply, *Reply]{
	Method: service.Method{Code: 0x0004, Name: "cgroups-lookup"},
	Key:    func(named []byte) (Key, error) { return Key{Path: protocol.CString(named)}, nil },
}

// NewClient returns a client of the endpoint name in runDir. It connects to nothing yet.
func NewClient(runDir, name string, config ClientConfig) *Client {
	return service.NewLookupClient(&Service, runDir, name, config)
}

// NewServer returns a server of the endpoint name in runDir that answers with handle. Sessions run it at the same
// time.
func NewServer(runDir, name string, config ServerConfig, handle func(*Request, *Builder) error) *Server {
	builder := service.Builder[Request, Builder]{
		Start:  func(b *Builder, request *Request, buf []byte) error { return b.Start(*request, buf) },
		Finish: (*Builder).Finish,
	}
	handler := service.BuilderHandler(Service.Method, protocol.DecodeLookupRequest[Key], builder, handle)
	return service.NewServer(runDir, name, config, handler)
}

// CgroupStatus: whether a path is known, or why not.
type CgroupStatus uint16

// The values of [CgroupStatus] that have a name.
const (
	// CgroupStatusKnown: the item holds data.
	CgroupStatusKnown CgroupStatus = 0
	// CgroupStatusUnknownRetryLater: not known yet: ask again later.
	CgroupStatusUnknownRetryLater CgroupStatus = 1
	// CgroupStatusUnknownPermanent: not known, and asking again is of no use.
	CgroupStatusUnknownPermanent CgroupStatus = 2
	// CgroupStatusPayloadExceeded: there was no room: clients ask again by themselves, and callers never see it.
	CgroupStatusPayloadExceeded CgroupStatus = 3
	// CgroupStatusOversizedItem: no answer within the agreed limits can hold the item.
	CgroupStatusOversizedItem CgroupStatus = 4
)

// String returns the name, or the number where there is none.
func (v CgroupStatus) String() string {
	switch v {
	case CgroupStatusKnown:
		return "known"
	case CgroupStatusUnknownRetryLater:
		return "unknown-retry-later"
	case CgroupStatusUnknownPermanent:
		return "unknown-permanent"
	case CgroupStatusPayloadExceeded:
		return "payload-exceeded"
	case CgroupStatusOversizedItem:
		return "oversized-item"
	default:
		return fmt.Sprintf("CgroupStatus %d", uint16(v))
	}
}

// Item: what is known of one cgroup.
type Item struct {
	// Status: whether it is known, or why not.
	Status CgroupStatus
	// Orchestrator: who runs it.
	Orchestrator protocol.Orchestrator
	// Path: path below the cgroup root. At least 1 bytes.
	Path protocol.CStringView
	// Name: its name; may be empty.
	Name protocol.CStringView
	// Labels: its labels.
	Labels protocol.Labels
}

const itemLen = 28

// Size returns the bytes on the wire.
func (v Item) Size() int {
	return v.Labels.EndAfter(itemLen + v.Path.Len() + 1 + v.Name.Len() + 1)
}

// Encode writes the item to dst, which has exactly Size bytes. It fails with [protocol.ErrBadLayout] where
// it may not be sent.
func (v Item) Encode(dst []byte) error {
	if err := v.check(); err != nil {
		return err
	}
	end := itemLen
	binary.LittleEndian.PutUint16(dst[0:], 1)
	binary.LittleEndian.PutUint16(dst[2:], uint16(v.Status))
	binary.LittleEndian.PutUint16(dst[4:], uint16(v.Orchestrator))
	clear(dst[6:8])
	protocol.PutSpan(dst[8:], end, v.Path.Len())
	if err := protocol.PutText(dst[end:], v.Path, "path"); err != nil {
		return err
	}
	end += v.Path.Len() + 1
	protocol.PutSpan(dst[16:], end, v.Name.Len())
	if err := protocol.PutText(dst[end:], v.Name, "name"); err != nil {
		return err
	}
	end += v.Name.Len() + 1
	binary.LittleEndian.PutUint16(dst[24:], uint16(v.Labels.Len()))
	clear(dst[26:28])
	return v.Labels.Encode(dst, end)
}

// checkItem fails unless bytes are one.
func checkItem(bytes []byte) error {
	if len(bytes) < itemLen {
		return protocol.NewWireError(protocol.ErrTruncated, "cgroups-lookup item", itemLen, uint64(len(bytes)))
	}
	if found := binary.LittleEndian.Uint16(bytes[0:]); found != 1 {
		return protocol.NewWireError(protocol.ErrBadLayout, "layout", 1, uint64(found))
	}
	if err := protocol.CheckZeros(bytes[6:8], "reserved"); err != nil {
		return err
	}
	if err := protocol.CheckZeros(bytes[26:28], "reserved"); err != nil {
		return err
	}
	spans := [...]protocol.Span{protocol.ReadSpan(bytes[8:]), protocol.ReadSpan(bytes[16:])}
	end, err := protocol.CheckTexts(bytes, itemLen, spans[:], "path or name")
	if err != nil {
		return err
	}
	if err := protocol.CheckLabels(bytes, binary.LittleEndian.Uint16(bytes[24:]), end); err != nil {
		return err
	}
	v := readItem(bytes)
	return v.check()
}

// readItem reads bytes that were checked before; no bytes are nothing.
func readItem(bytes []byte) (v Item) {
	if len(bytes) < itemLen {
		return v
	}
	v.Status = CgroupStatus(binary.LittleEndian.Uint16(bytes[2:]))
	v.Orchestrator = protocol.Orchestrator(binary.LittleEndian.Uint16(bytes[4:]))
	v.Path = protocol.TextAt(bytes, protocol.ReadSpan(bytes[8:]))
	v.Name = protocol.TextAt(bytes, protocol.ReadSpan(bytes[16:]))
	v.Labels = protocol.LabelsAt(bytes, binary.LittleEndian.Uint16(bytes[24:]), max(protocol.ReadSpan(bytes[8:]).End(), protocol.ReadSpan(bytes[16:]).End()))
	return v
}

// check tells which rule of the schema the item breaks.
func (v *Item) check() error {
	switch v.Status {
	case 0, 1, 2, 3, 4:
	default:
		return protocol.NewWireError(protocol.ErrBadLayout, "status", 0, uint64(v.Status))
	}
	if v.Path.Len() < 1 {
		return protocol.NewWireError(protocol.ErrBadLayout, "path", 0, 0)
	}
	if v.Status != 0 {
		if v.Orchestrator != 0 || v.Name.Len() != 0 || v.Labels.Len() != 0 {
			return protocol.NewWireError(protocol.ErrBadLayout, "data with status", 0, uint64(v.Status))
		}
		return nil
	}
	return nil
}

// Key is what is looked up.
type Key struct {
	// Path: path below the cgroup root. At least 1 bytes.
	Path protocol.CStringView
}

// Same tells whether both are the same key.
func (k Key) Same(other Key) bool { return k.Path.Equal(other.Path) }

// Size returns the bytes on the wire.
func (k Key) Size() int { return k.Path.Len() + 1 }

// Encode writes the key to dst, which has exactly Size bytes.
func (k Key) Encode(dst []byte) error {
	if length := k.Path.Len(); length < 1 {
		return protocol.NewWireError(protocol.ErrBadLayout, "path length", 1, uint64(length))
	}
	return protocol.PutText(dst, k.Path, "path")
}

// Read returns the key in bytes that were checked.
func (Key) Read(key protocol.Valid[Key]) Key {
	bytes := key.Bytes()
	return Key{Path: protocol.CString(bytes[:max(len(bytes), 1)-1])}
}

// checkKey fails unless bytes are a key.
func checkKey(bytes []byte) error {
	span := protocol.Span{Len: uint32(max(len(bytes), 1) - 1)}
	if err := protocol.CheckText(bytes, 0, span, "path"); err != nil {
		return err
	}
	if err := protocol.CheckNoNul(protocol.TextAt(bytes, span), "path"); err != nil {
		return err
	}
	if length := len(bytes) - 1; length < 1 {
		return protocol.NewWireError(protocol.ErrBadLayout, "path length", 1, uint64(length))
	}
	return nil
}

// CheckAll fails unless every item of list is a key.
func (Key) CheckAll(list protocol.Packed) error {
	return list.Check(protocol.ListRules{MinLen: 2, Ordered: true}, checkKey)
}

// Key returns the key that this answers.
func (v *Item) Key() Key { return Key{Path: v.Path} }

// StatusCode returns the status.
func (v *Item) StatusCode() uint16 { return uint16(v.Status) }

// Bare returns the item for key that holds only a status.
func (*Item) Bare(key Key, status uint16) Item {
	return Item{Status: CgroupStatus(status), Path: key.Path}
}

// Read makes it the item that was checked before.
func (v *Item) Read(item protocol.Valid[Item]) { *v = readItem(item.Bytes()) }

// CheckAll fails unless every item of list is one, in order.
func (*Item) CheckAll(list protocol.Packed) error {
	return list.Check(protocol.ListRules{MinLen: itemLen, Ordered: true}, checkItem)
}

// Rules returns what is the same for all items.
func (*Item) Rules() protocol.LookupRules {
	bare := protocol.KeyedSize{Fixed: 29, PlusKey: true}
	return protocol.LookupRules{Exceeded: 3, Oversized: 4, Bare: bare, Likely: bare}
}

// Package pid_traffic is `pid-traffic`: Processes in; the network traffic of each out.
//
//	key
//	  0    4  8          16
//	  pid  0  starttime
//	item
//	  0       2       4    8          16              24          32                40
//	  layout  status  pid  starttime  bytes_received  bytes_sent  packets_received  packets_sent
//
//	  48           52
//	  connections
//
// Made from pid-traffic.toml by netipc schema generate: change that file, not this one.
package pid_traffic

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
	Client = service.LookupClient[Key, Key, Reply, *Reply]
	// Request is the keys of a request.
	Request = protocol.LookupRequest[Key]
	// Reply is the items of a reply, in the order of the keys.
	Reply = protocol.LookupResponse[Key, Item, *Item]
	// Builder takes an item for each key.
	Builder = protocol.LookupBuilder[Key, Item, *Item]
)

// Service is the request kind.
var Service = service.Lookup[Key, Key, Reply, *Reply]{
	Method: service.Method{Code: 0x8002, Name: "pid-traffic"},
	Key:    func(named Key) (Key, error) { return named, nil },
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

// LookupStatus: whether a key is known, or why not.
type LookupStatus uint16

// The values of [LookupStatus] that have a name.
const (
	// LookupStatusKnown: the item holds data.
	LookupStatusKnown LookupStatus = 0
	// LookupStatusUnknown: there is nothing by this key.
	LookupStatusUnknown LookupStatus = 1
	// LookupStatusPayloadExceeded: there was no room: clients ask again by themselves, and callers never see it.
	LookupStatusPayloadExceeded LookupStatus = 2
	// LookupStatusOversizedItem: no answer within the agreed limits can hold the item.
	LookupStatusOversizedItem LookupStatus = 3
)

// String returns the name, or the number where there is none.
func (v LookupStatus) String() string {
	switch v {
	case LookupStatusKnown:
		return "known"
	case LookupStatusUnknown:
		return "unknown"
	case LookupStatusPayloadExceeded:
		return "payload-exceeded"
	case LookupStatusOversizedItem:
		return "oversized-item"
	default:
		return fmt.Sprintf("LookupStatus %d", uint16(v))
	}
}

// Item: traffic of one process since it started.
type Item struct {
	// Status: whether there is such a process.
	Status LookupStatus
	// Pid: the process.
	Pid uint32
	// Starttime: when it started; tells it from a later one with the same pid. In clock ticks since boot.
	Starttime uint64
	// BytesReceived: payload received. In bytes.
	BytesReceived uint64
	// BytesSent: payload sent. In bytes.
	BytesSent uint64
	// PacketsReceived: packets received. In packets.
	PacketsReceived uint64
	// PacketsSent: packets sent. In packets.
	PacketsSent uint64
	// Connections: open now. In connections.
	Connections uint32
}

const itemLen = 52

// Size returns the bytes on the wire.
func (v Item) Size() int {
	return itemLen
}

// Encode writes the item to dst, which has exactly Size bytes. It fails with [protocol.ErrBadLayout] where
// it may not be sent.
func (v Item) Encode(dst []byte) error {
	if err := v.check(); err != nil {
		return err
	}
	binary.LittleEndian.PutUint16(dst[0:], 1)
	binary.LittleEndian.PutUint16(dst[2:], uint16(v.Status))
	binary.LittleEndian.PutUint32(dst[4:], v.Pid)
	binary.LittleEndian.PutUint64(dst[8:], v.Starttime)
	binary.LittleEndian.PutUint64(dst[16:], v.BytesReceived)
	binary.LittleEndian.PutUint64(dst[24:], v.BytesSent)
	binary.LittleEndian.PutUint64(dst[32:], v.PacketsReceived)
	binary.LittleEndian.PutUint64(dst[40:], v.PacketsSent)
	binary.LittleEndian.PutUint32(dst[48:], v.Connections)
	return nil
}

// checkItem fails unless bytes are one.
func checkItem(bytes []byte) error {
	if len(bytes) < itemLen {
		return protocol.NewWireError(protocol.ErrTruncated, "pid-traffic item", itemLen, uint64(len(bytes)))
	}
	if found := binary.LittleEndian.Uint16(bytes[0:]); found != 1 {
		return protocol.NewWireError(protocol.ErrBadLayout, "layout", 1, uint64(found))
	}
	if uint64(len(bytes)) != 52 {
		return protocol.NewWireError(protocol.ErrBadLayout, "item length", 52, uint64(len(bytes)))
	}
	v := readItem(bytes)
	return v.check()
}

// readItem reads bytes that were checked before; no bytes are nothing.
func readItem(bytes []byte) (v Item) {
	if len(bytes) < itemLen {
		return v
	}
	v.Status = LookupStatus(binary.LittleEndian.Uint16(bytes[2:]))
	v.Pid = binary.LittleEndian.Uint32(bytes[4:])
	v.Starttime = binary.LittleEndian.Uint64(bytes[8:])
	v.BytesReceived = binary.LittleEndian.Uint64(bytes[16:])
	v.BytesSent = binary.LittleEndian.Uint64(bytes[24:])
	v.PacketsReceived = binary.LittleEndian.Uint64(bytes[32:])
	v.PacketsSent = binary.LittleEndian.Uint64(bytes[40:])
	v.Connections = binary.LittleEndian.Uint32(bytes[48:])
	return v
}

// check tells which rule of the schema the item breaks.
func (v *Item) check() error {
	switch v.Status {
	case 0, 1, 2, 3:
	default:
		return protocol.NewWireError(protocol.ErrBadLayout, "status", 0, uint64(v.Status))
	}
	if v.Status != 0 {
		if v.BytesReceived != 0 || v.BytesSent != 0 || v.PacketsReceived != 0 || v.PacketsSent != 0 || v.Connections != 0 {
			return protocol.NewWireError(protocol.ErrBadLayout, "data with status", 0, uint64(v.Status))
		}
		return nil
	}
	return nil
}

// Key is what is looked up.
type Key struct {
	// Pid: the process.
	Pid uint32
	// Starttime: when it started; tells it from a later one with the same pid. In clock ticks since boot.
	Starttime uint64
}

// Same tells whether both are the same key.
func (k Key) Same(other Key) bool { return k.Pid == other.Pid && k.Starttime == other.Starttime }

const keyLen = 16

// Size returns the bytes on the wire.
func (k Key) Size() int { return keyLen }

// Encode writes the key to dst, which has exactly Size bytes.
func (k Key) Encode(dst []byte) error {
	binary.LittleEndian.PutUint32(dst[0:], k.Pid)
	clear(dst[4:8])
	binary.LittleEndian.PutUint64(dst[8:], k.Starttime)
	return nil
}

// Read returns the key in bytes that were checked.
func (Key) Read(key protocol.Valid[Key]) Key {
	return readKey(key.Bytes())
}

func readKey(bytes []byte) Key {
	if len(bytes) != keyLen {
		return Key{}
	}
	return Key{Pid: binary.LittleEndian.Uint32(bytes[0:]), Starttime: binary.LittleEndian.Uint64(bytes[8:])}
}

// checkKey fails unless bytes are a key.
func checkKey(bytes []byte) error {
	if len(bytes) != keyLen {
		return protocol.NewWireError(protocol.ErrBadLayout, "pid-traffic key length", keyLen, uint64(len(bytes)))
	}
	if err := protocol.CheckZeros(bytes[4:8], "reserved"); err != nil {
		return err
	}
	return nil
}

// CheckAll fails unless every item of list is a key.
func (Key) CheckAll(list protocol.Packed) error {
	return list.Check(protocol.ListRules{MinLen: 16, Ordered: true}, checkKey)
}

// Key returns the key that this answers.
func (v *Item) Key() Key { return Key{Pid: v.Pid, Starttime: v.Starttime} }

// StatusCode returns the status.
func (v *Item) StatusCode() uint16 { return uint16(v.Status) }

// Bare returns the item for key that holds only a status.
func (*Item) Bare(key Key, status uint16) Item {
	return Item{Status: LookupStatus(status), Pid: key.Pid, Starttime: key.Starttime}
}

// Read makes it the item that was checked before.
func (v *Item) Read(item protocol.Valid[Item]) { *v = readItem(item.Bytes()) }

// CheckAll fails unless every item of list is one, in order.
func (*Item) CheckAll(list protocol.Packed) error {
	return list.Check(protocol.ListRules{MinLen: itemLen, Ordered: true}, checkItem)
}

// Rules returns what is the same for all items.
func (*Item) Rules() protocol.LookupRules {
	bare := protocol.KeyedSize{Fixed: 52}
	return protocol.LookupRules{Exceeded: 2, Oversized: 3, Bare: bare, Likely: bare}
}

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
	"iter"

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
)

// Client is a client of the service. Replies borrow its buffers until the next call.
type Client = service.LookupClient[Key, Key, Reply, *Reply]

// Service is the request kind.
var Service = service.Lookup[Key, Key, Reply, *Reply]{
	Method: service.Method{Code: 0x8002, Name: "pid-traffic"},
	// What no key can be is found when it is encoded.
	Key: func(named Key) (Key, error) { return named, nil },
}

// NewClient returns a client of the endpoint name in runDir. It connects to nothing yet.
func NewClient(runDir, name string, config ClientConfig) *Client {
	return service.NewLookupClient(&Service, runDir, name, config)
}

// NewServer returns a server of the endpoint name in runDir that answers with handle, with 8 workers. Sessions run
// it at the same time. What it gets is good until it returns.
func NewServer(runDir, name string, config ServerConfig, handle func(*Request, *Builder) error) *Server {
	return NewServerWithWorkers(runDir, name, config, handle, protocol.DefaultWorkers)
}

// NewServerWithWorkers returns a server with at most workers sessions at once.
func NewServerWithWorkers(runDir, name string, config ServerConfig, handle func(*Request, *Builder) error, workers int) *Server {
	handler := service.BuilderHandler(Service.Method, DecodeRequest, builder, handle)
	return service.NewServerWithWorkers(runDir, name, config, handler, workers)
}

var builder = service.Builder[Request, Builder]{
	Start:  func(b *Builder, request *Request, buf []byte) error { return b.Start(*request, buf) },
	Finish: func(b *Builder) (int, error) { return b.Finish() },
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

// Request is the keys of a request.
type Request = protocol.LookupRequest[Key]

// Reply is the items of a reply, in the order of the keys.
type Reply struct {
	protocol.LookupResponse[Key, Item, *Item]
}

// DecodeRequest reads a request, as [protocol.DecodeLookupRequest] does.
func DecodeRequest(payload []byte) (Request, error) {
	return protocol.DecodeLookupRequest[Key](payload)
}

// DecodeReply reads a reply, as [protocol.DecodeLookupResponse] does.
func DecodeReply(payload []byte) (reply Reply, err error) {
	err = reply.Decode(payload)
	return reply, err
}

// Item returns item i. Every item was validated when the reply came. It fails with [protocol.ErrOutOfBounds]
// beyond the last.
func (r *Reply) Item(i uint32) (item Item, err error) {
	err = r.Read(i, &item)
	return item, err
}

// Read reads item i to where it is wanted. It takes less time than Item, which copies a large item,
// and fails as that does.
func (r *Reply) Read(i uint32, item *Item) error {
	bytes := r.Bytes(int(i))
	if bytes == nil {
		return r.NoItem(i)
	}
	item.read(bytes)
	return nil
}

// Items returns every item, in order.
func (r *Reply) Items() iter.Seq2[int, Item] {
	list := r.List()
	return func(yield func(int, Item) bool) {
		var item Item
		for i := range list.Len() {
			item.read(list.Get(i))
			if !yield(i, item) {
				return
			}
		}
	}
}

// EncodeRequest writes the request for keys to dst; it returns its length. It fails with
// [protocol.ErrOverflow] where there is no room, with [protocol.ErrBadLayout] for what cannot be a key.
func EncodeRequest(dst []byte, keys []Key) (int, error) {
	return protocol.EncodeLookupRequest(dst, keys)
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

// ItemHeaderLen is the bytes in front of the texts of an item.
const ItemHeaderLen = 52

// Size returns the bytes on the wire.
func (v Item) Size() int { return v.size() }

func (v *Item) size() int { return ItemHeaderLen }

// Encode writes an item to dst, which has exactly Size bytes. It fails with [protocol.ErrBadLayout] where
// it may not be sent.
func (v Item) Encode(dst []byte) error { return v.encode(dst) }

func (v *Item) encode(dst []byte) error {
	if err := v.check(); err != nil {
		return err
	}
	b := dst[:ItemHeaderLen]
	binary.LittleEndian.PutUint64(b[0:], 1|uint64(v.Status)<<16|uint64(v.Pid)<<32)
	binary.LittleEndian.PutUint64(b[8:], v.Starttime)
	binary.LittleEndian.PutUint64(b[16:], v.BytesReceived)
	binary.LittleEndian.PutUint64(b[24:], v.BytesSent)
	binary.LittleEndian.PutUint64(b[32:], v.PacketsReceived)
	binary.LittleEndian.PutUint64(b[40:], v.PacketsSent)
	binary.LittleEndian.PutUint32(b[48:], v.Connections)
	return nil
}

// checkItem fails unless bytes are an item.
func checkItem(bytes []byte) error {
	if len(bytes) < ItemHeaderLen {
		return protocol.NewWireError(protocol.ErrTruncated, "pid-traffic item", ItemHeaderLen, uint64(len(bytes)))
	}
	b := bytes[:ItemHeaderLen]
	if found := binary.LittleEndian.Uint16(b[0:]); found != 1 {
		return protocol.NewWireError(protocol.ErrBadLayout, "layout", 1, uint64(found))
	}
	if uint64(len(bytes)) != uint64(ItemHeaderLen) {
		return protocol.NewWireError(protocol.ErrBadLayout, "item length", uint64(ItemHeaderLen), uint64(len(bytes)))
	}
	status := LookupStatus(binary.LittleEndian.Uint16(b[2:]))
	bytesReceived := binary.LittleEndian.Uint64(b[16:])
	bytesSent := binary.LittleEndian.Uint64(b[24:])
	packetsReceived := binary.LittleEndian.Uint64(b[32:])
	packetsSent := binary.LittleEndian.Uint64(b[40:])
	connections := binary.LittleEndian.Uint32(b[48:])
	if status > LookupStatusOversizedItem {
		return protocol.NewRuleError("status", "not one of its values", uint64(status))
	}
	if status != 0 {
		if bytesReceived != 0 ||
			bytesSent != 0 ||
			packetsReceived != 0 ||
			packetsSent != 0 ||
			connections != 0 {
			return protocol.NewRuleError("status", "only known items have data", uint64(status))
		}
		return nil
	}
	return nil
}

// read makes it the one in bytes that were checked before.
func (v *Item) read(bytes []byte) {
	b := bytes[:ItemHeaderLen]
	v.Status = LookupStatus(binary.LittleEndian.Uint16(b[2:]))
	v.Pid = binary.LittleEndian.Uint32(b[4:])
	v.Starttime = binary.LittleEndian.Uint64(b[8:])
	v.BytesReceived = binary.LittleEndian.Uint64(b[16:])
	v.BytesSent = binary.LittleEndian.Uint64(b[24:])
	v.PacketsReceived = binary.LittleEndian.Uint64(b[32:])
	v.PacketsSent = binary.LittleEndian.Uint64(b[40:])
	v.Connections = binary.LittleEndian.Uint32(b[48:])
}

// check tells which rule of the schema an item breaks.
func (v *Item) check() error {
	if v.Status > LookupStatusOversizedItem {
		return protocol.NewRuleError("status", "not one of its values", uint64(v.Status))
	}
	if v.Status != 0 {
		if v.BytesReceived != 0 ||
			v.BytesSent != 0 ||
			v.PacketsReceived != 0 ||
			v.PacketsSent != 0 ||
			v.Connections != 0 {
			return protocol.NewRuleError("status", "only known items have data", uint64(v.Status))
		}
		return nil
	}
	return nil
}

// NewItem returns the item for key in which nothing is set: there is no data, and its status is
// [LookupStatusUnknown].
func NewItem(key Key) Item { return Item{}.Bare(key, 1) }

// Key returns the key that this answers.
func (v *Item) Key() Key { return Key{Pid: v.Pid, Starttime: v.Starttime} }

// StatusCode returns the status.
func (v *Item) StatusCode() uint16 { return uint16(v.Status) }

// Bare returns the item for key that holds only a status.
func (Item) Bare(key Key, status uint16) Item {
	return Item{Status: LookupStatus(status), Pid: key.Pid, Starttime: key.Starttime}
}

// Read makes it the item that was decoded before; that of no bytes is empty.
func (v *Item) Read(item protocol.Valid[Item]) {
	if len(item.Bytes()) == 0 {
		*v = Item{}
		return
	}
	v.read(item.Bytes())
}

// CheckAll fails unless every item of list is one, in order.
func (*Item) CheckAll(list protocol.Packed) error {
	check := protocol.ListRules{MinLen: ItemHeaderLen, Ordered: true}.Checker(list)
	for entries := list.Directory(); len(entries) >= protocol.EntryLen; entries = entries[protocol.EntryLen:] {
		s := protocol.ReadSpan(entries)
		if !check.Passes(s) {
			return check.Refuse(s)
		}
		if err := checkItem(list.At(s)); err != nil {
			return err
		}
	}
	return nil
}

// Rules returns what is the same for all items.
func (*Item) Rules() protocol.LookupRules {
	bare := protocol.KeyedSize{Fixed: 52}
	return protocol.LookupRules{Exceeded: 2, Oversized: 3, Bare: bare, Likely: bare}
}

// Builder takes an item for each key of a request.
type Builder struct {
	protocol.LookupBuilder[Key, Item, *Item]
}

// Add adds the item of the next key. Whether the item itself or a placeholder was written is not the
// handler's concern. It fails with [protocol.ErrOverflow] where the answer cannot start, with
// [protocol.ErrBadLayout] for another key or an item that may not be sent, with [protocol.ErrBadItemCount]
// beyond the last key. The first error is kept and decides how the request ends.
func (b *Builder) Add(item Item) error {
	return b.Push(&item)
}

// Push adds the item of the next key from where it is, without a copy of it. It fails as Add does.
func (b *Builder) Push(item *Item) error {
	asked := b.NextKey()
	same := len(asked) == 16 && binary.LittleEndian.Uint32(asked[0:]) == item.Pid && binary.LittleEndian.Uint64(asked[8:]) == item.Starttime
	dst := b.OpenItem(len(asked), same, uint16(item.Status), item.size())
	if dst == nil {
		return b.Err()
	}
	return b.CloseItem(dst, item.encode(dst))
}

// AddBare adds an item without data for the next key. It fails as Add does.
func (b *Builder) AddBare(status LookupStatus) error {
	asked := b.NextKey()
	dst := b.OpenItem(len(asked), true, uint16(status), 52)
	if dst == nil {
		return b.Err()
	}
	switch status {
	case LookupStatusUnknown, LookupStatusPayloadExceeded, LookupStatusOversizedItem:
		encodeBareItem(dst, status, asked)
		return b.CloseItem(dst, nil)
	default:
		item := Item{Status: status, Pid: binary.LittleEndian.Uint32(asked[0:]), Starttime: binary.LittleEndian.Uint64(asked[8:])}
		return b.CloseItem(dst, item.encode(dst))
	}
}

// encodeBareItem writes the item for the key asked that holds only a status to dst.
func encodeBareItem(dst []byte, status LookupStatus, asked []byte) {
	b := dst[:ItemHeaderLen]
	binary.LittleEndian.PutUint64(b[0:], 1|uint64(status)<<16|uint64(binary.LittleEndian.Uint32(asked[0:]))<<32)
	binary.LittleEndian.PutUint64(b[8:], binary.LittleEndian.Uint64(asked[8:]))
	binary.LittleEndian.PutUint64(b[16:], 0)
	binary.LittleEndian.PutUint64(b[24:], 0)
	binary.LittleEndian.PutUint64(b[32:], 0)
	binary.LittleEndian.PutUint64(b[40:], 0)
	binary.LittleEndian.PutUint32(b[48:], 0)
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
	binary.LittleEndian.PutUint64(dst[0:], uint64(k.Pid))
	binary.LittleEndian.PutUint64(dst[8:], k.Starttime)
	return nil
}

// Read returns the key in bytes that were checked; that of no bytes is empty.
func (Key) Read(key protocol.Valid[Key]) Key { return readKey(key.Bytes()) }

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
	if found := binary.LittleEndian.Uint32(bytes[4:]); found != 0 {
		return protocol.NewWireError(protocol.ErrBadLayout, "reserved", 0, uint64(found))
	}
	return nil
}

// CheckAll fails unless every item of list is a key.
func (Key) CheckAll(list protocol.Packed) error {
	check := protocol.ListRules{MinLen: 16, Ordered: true}.Checker(list)
	for entries := list.Directory(); len(entries) >= protocol.EntryLen; entries = entries[protocol.EntryLen:] {
		s := protocol.ReadSpan(entries)
		if !check.Passes(s) {
			return check.Refuse(s)
		}
		if err := checkKey(list.At(s)); err != nil {
			return err
		}
	}
	return nil
}

// Enricher knows what was found for the keys that callers come across.
type Enricher = service.Enricher[Key, Item]

// NewEnricher returns an enricher of the endpoint name in runDir. It connects to nothing yet.
func NewEnricher(runDir, name string, client ClientConfig, config service.EnricherConfig) *Enricher {
	return service.NewEnricher(NewClient(runDir, name, client), enrichedItems, config)
}

var enrichedItems = service.EnrichedItems[Key, Key, Item]{
	Named: func(key Key) Key { return key },
	Read: func(valid protocol.Valid[Item]) (item Item) {
		item.Read(valid)
		return item
	},
	Verdict: func(item *Item) service.Verdict {
		switch item.Status {
		case LookupStatusKnown:
			return service.VerdictKnown
		case LookupStatusOversizedItem:
			return service.VerdictOversized
		default:
			return service.VerdictForNow
		}
	},
	Identity: func(item *Item) uint64 { return item.Starttime },
	Batch:    8192,
}

// PublishedHandler returns what answers each request with what is published at that moment: answer adds the item of one
// key. Sessions run it at the same time.
func PublishedHandler[M any](published *service.Published[M], answer func(data M, key Key, answer *Builder) error) func(*Request, *Builder) error {
	return func(request *Request, builder *Builder) error {
		return service.AnswerPublished(published, builder, request.Keys(), func(data M, key Key) error {
			return answer(data, key, builder)
		})
	}
}

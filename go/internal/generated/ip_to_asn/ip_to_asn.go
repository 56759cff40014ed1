// Package ip_to_asn is `ip-to-asn`: IP addresses in; the network and organisation that announce each out.
//
//	key
//	  4 bytes of an IPv4 or 16 bytes of an IPv6 address
//	item
//	  0       2       4    8        26       28                 36
//	  layout  status  asn  address  country  organisation span  organisation NUL
//
// Made from ip-to-asn.toml by netipc schema generate: change that file, not this one.
package ip_to_asn

import (
	"encoding/binary"
	"fmt"
	"iter"
	"net/netip"

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
type Client = service.LookupClient[netip.Addr, Key, Reply, *Reply]

// Service is the request kind.
var Service = service.Lookup[netip.Addr, Key, Reply, *Reply]{
	Method: service.Method{Code: 0x8001, Name: "ip-to-asn"},
	// What no key can be is found when it is encoded.
	Key: func(named netip.Addr) (Key, error) { return Key{Address: named.WithZone("")}, nil },
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

// Item: the network that announces an address.
type Item struct {
	// Status: whether any network announces it.
	Status LookupStatus
	// Asn: number of the autonomous system.
	Asn uint32
	// Address: IPv4 or IPv6 address.
	Address netip.Addr
	// Country: ISO 3166 code of the country; may be empty.
	Country [2]byte
	// Organisation: name of the organisation; may be empty.
	Organisation protocol.CStringView
}

// ItemHeaderLen is the bytes in front of the texts of an item.
const ItemHeaderLen = 36

// Size returns the bytes on the wire.
func (v Item) Size() int { return v.size() }

func (v *Item) size() int { return ItemHeaderLen + v.Organisation.Len() + 1 }

// Encode writes an item to dst, which has exactly Size bytes. It fails with [protocol.ErrBadLayout] where
// it may not be sent.
func (v Item) Encode(dst []byte) error { return v.encode(dst) }

func (v *Item) encode(dst []byte) error {
	if err := v.check(); err != nil {
		return err
	}
	const organisationAt = ItemHeaderLen
	b := dst[:ItemHeaderLen]
	binary.LittleEndian.PutUint64(b[0:], 1|uint64(v.Status)<<16|uint64(v.Asn)<<32)
	protocol.PutIP(b[8:], v.Address)
	copy(b[26:], v.Country[:])
	protocol.PutSpan(b[28:], organisationAt, v.Organisation.Len())
	if !protocol.CopyText(dst[organisationAt:], v.Organisation.Bytes()) {
		return protocol.CheckNoNul(v.Organisation, "organisation")
	}
	return nil
}

// checkItem fails unless bytes are an item.
func checkItem(bytes []byte) error {
	if len(bytes) < ItemHeaderLen {
		return protocol.NewWireError(protocol.ErrTruncated, "ip-to-asn item", ItemHeaderLen, uint64(len(bytes)))
	}
	b := bytes[:ItemHeaderLen]
	if found := binary.LittleEndian.Uint16(b[0:]); found != 1 {
		return protocol.NewWireError(protocol.ErrBadLayout, "layout", 1, uint64(found))
	}
	if address, err := protocol.ReadIP(b[8:26], "address"); err != nil {
		return err
	} else if !address.IsValid() {
		return protocol.NewWireError(protocol.ErrBadLayout, "address", 16, 0)
	}
	if !protocol.IsPadded(b[26:28]) {
		return protocol.NewWireError(protocol.ErrBadLayout, "country", 0, 1)
	}
	organisation := protocol.ReadSpan(b[28:])
	end := organisation.Follows(bytes, ItemHeaderLen)
	if end == protocol.Nowhere || !protocol.CleanTexts(bytes, ItemHeaderLen, end, 1) {
		var err error
		spans := [...]protocol.Span{organisation}
		if end, err = protocol.CheckTexts(bytes, ItemHeaderLen, spans[:], "organisation"); err != nil {
			return err
		}
	}
	if uint64(len(bytes)) != end {
		return protocol.NewWireError(protocol.ErrBadLayout, "item length", end, uint64(len(bytes)))
	}
	status := LookupStatus(binary.LittleEndian.Uint16(b[2:]))
	asn := binary.LittleEndian.Uint32(b[4:])
	country := [2]byte(b[26:28])
	if status > LookupStatusOversizedItem {
		return protocol.NewRuleError("status", "not one of its values", uint64(status))
	}
	if status != 0 {
		if asn != 0 ||
			country != ([2]byte{}) ||
			organisation.Len != 0 {
			return protocol.NewRuleError("status", "only known items have data", uint64(status))
		}
		return nil
	}
	return nil
}

// read makes it the one in bytes that were checked before.
func (v *Item) read(bytes []byte) {
	b := bytes[:ItemHeaderLen]
	organisation := protocol.ReadSpan(b[28:])
	v.Status = LookupStatus(binary.LittleEndian.Uint16(b[2:]))
	v.Asn = binary.LittleEndian.Uint32(b[4:])
	v.Address, _ = protocol.ReadIP(b[8:], "address")
	v.Country = [2]byte(b[26:28])
	v.Organisation = protocol.TextAt(bytes, organisation)
}

// check tells which rule of the schema an item breaks.
func (v *Item) check() error {
	if v.Status > LookupStatusOversizedItem {
		return protocol.NewRuleError("status", "not one of its values", uint64(v.Status))
	}
	if !v.Address.IsValid() {
		return protocol.NewRuleError("address", "a key needs one", 0)
	}
	if !protocol.IsPadded(v.Country[:]) {
		return protocol.NewRuleError("padding of country", "zeros are expected", 1)
	}
	if v.Status != 0 {
		if v.Asn != 0 ||
			v.Country != ([2]byte{}) ||
			v.Organisation.Len() != 0 {
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
func (v *Item) Key() Key { return Key{Address: v.Address} }

// StatusCode returns the status.
func (v *Item) StatusCode() uint16 { return uint16(v.Status) }

// Bare returns the item for key that holds only a status.
func (Item) Bare(key Key, status uint16) Item {
	return Item{Status: LookupStatus(status), Address: key.Address}
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
	bare := protocol.KeyedSize{Fixed: 37}
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
	same := len(asked) > 0 && readKey(asked).Address == item.Address
	dst := b.OpenItem(len(asked), same, uint16(item.Status), item.size())
	if dst == nil {
		return b.Err()
	}
	return b.CloseItem(dst, item.encode(dst))
}

// AddBare adds an item without data for the next key. It fails as Add does.
func (b *Builder) AddBare(status LookupStatus) error {
	asked := b.NextKey()
	dst := b.OpenItem(len(asked), true, uint16(status), 37)
	if dst == nil {
		return b.Err()
	}
	switch status {
	case LookupStatusUnknown, LookupStatusPayloadExceeded, LookupStatusOversizedItem:
		encodeBareItem(dst, status, asked)
		return b.CloseItem(dst, nil)
	default:
		item := Item{Status: status, Address: readKey(asked).Address}
		return b.CloseItem(dst, item.encode(dst))
	}
}

// encodeBareItem writes the item for the key asked that holds only a status to dst.
func encodeBareItem(dst []byte, status LookupStatus, asked []byte) {
	const organisationAt = ItemHeaderLen
	b := dst[:ItemHeaderLen]
	binary.LittleEndian.PutUint64(b[0:], 1|uint64(status)<<16)
	protocol.PutIP(b[8:], readKey(asked).Address)
	binary.LittleEndian.PutUint16(b[26:], 0)
	protocol.PutSpan(b[28:], organisationAt, 0)
	dst[organisationAt] = 0
}

// Key is what is looked up.
type Key struct {
	// Address: IPv4 or IPv6 address.
	Address netip.Addr
}

// Same tells whether both are the same key.
func (k Key) Same(other Key) bool { return k.Address == other.Address }

// Size returns the bytes on the wire.
func (k Key) Size() int { return k.Address.BitLen() / 8 }

// Encode writes the key to dst, which has exactly Size bytes. It fails with [protocol.ErrBadLayout] for none.
func (k Key) Encode(dst []byte) error {
	switch {
	case k.Address.Is4():
		address := k.Address.As4()
		copy(dst, address[:])
	case k.Address.Is6():
		address := k.Address.As16()
		copy(dst, address[:])
	default:
		return protocol.NewWireError(protocol.ErrBadLayout, "address", 16, 0)
	}
	return nil
}

// Read returns the key in bytes that were checked.
func (Key) Read(key protocol.Valid[Key]) Key { return readKey(key.Bytes()) }

func readKey(bytes []byte) Key {
	address, _ := netip.AddrFromSlice(bytes)
	return Key{Address: address}
}

// checkKey fails unless bytes are a key.
func checkKey(bytes []byte) error {
	if len(bytes) != 4 && len(bytes) != 16 {
		return protocol.NewWireError(protocol.ErrBadLayout, "address length", 16, uint64(len(bytes)))
	}
	return nil
}

// CheckAll fails unless every item of list is a key.
func (Key) CheckAll(list protocol.Packed) error {
	check := protocol.ListRules{MinLen: 4, Ordered: true}.Checker(list)
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

// Cache keeps what was found for the keys of interest.
type Cache = service.Cache[netip.Addr, Item]

// NewCache returns a cache around client, which is the cache's own from now on, that looks up keys.
func NewCache(client *Client, keys []netip.Addr) *Cache {
	return service.NewLookupCache(client, keys, cachedItems)
}

var cachedItems = service.CachedItems[netip.Addr, Item]{
	Decode: func(bytes []byte) (item Item, err error) {
		if err = checkItem(bytes); err == nil {
			item.read(bytes)
		}
		return item, err
	},
	View: func(valid protocol.Valid[Item]) (item Item) {
		item.Read(valid)
		return item
	},
	Key: func(item Item) netip.Addr { return item.Address },
	// A cache hashes keys itself where many have the same hash.
	Hash: func(key netip.Addr) uint32 { return 0 },
	Match: func(valid protocol.Valid[Item], key netip.Addr) (item Item, found bool) {
		item.Read(valid)
		return item, item.Address == key
	},
}

// Enricher knows what was found for the keys that callers come across.
type Enricher = service.Enricher[netip.Addr, Item]

// NewEnricher returns an enricher of the endpoint name in runDir. It connects to nothing yet.
func NewEnricher(runDir, name string, client ClientConfig, config service.EnricherConfig) *Enricher {
	return service.NewEnricher(NewClient(runDir, name, client), enrichedItems, config)
}

var enrichedItems = service.EnrichedItems[netip.Addr, netip.Addr, Item]{
	Named: func(key netip.Addr) netip.Addr { return key },
	Read: func(valid protocol.Valid[Item]) (item Item) {
		item.Read(valid)
		return item
	},
	Parts: func(item *Item, text func(*protocol.CStringView), _ func(*protocol.Labels)) {
		text(&item.Organisation)
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
	Batch: 8192,
}

// PublishedHandler returns what answers each request with what is published at that moment: answer adds the item of one
// key. Sessions run it at the same time.
func PublishedHandler[M any](published *service.Published[M], answer func(data M, key netip.Addr, answer *Builder) error) func(*Request, *Builder) error {
	return func(request *Request, builder *Builder) error {
		return service.AnswerPublished(published, builder, request.Keys(), func(data M, key Key) error {
			return answer(data, key.Address, builder)
		})
	}
}

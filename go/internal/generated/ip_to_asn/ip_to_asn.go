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
	// Client is a client of the service. Replies borrow its buffers until the next call.
	Client = service.LookupClient[netip.Addr, Key, Reply, *Reply]
	// Request is the keys of a request.
	Request = protocol.LookupRequest[Key]
	// Reply is the items of a reply, in the order of the keys.
	Reply = protocol.LookupResponse[Key, Item, *Item]
	// Builder takes an item for each key.
	Builder = protocol.LookupBuilder[Key, Item, *Item]
)

// Service is the request kind.
var Service = service.Lookup[netip.Addr, Key, Reply, *Reply]{
	Method: service.Method{Code: 0x8001, Name: "ip-to-asn"},
	Key:    func(named netip.Addr) (Key, error) { return Key{Address: named.WithZone("")}, nil },
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

const itemLen = 36

// Size returns the bytes on the wire.
func (v Item) Size() int {
	return itemLen + v.Organisation.Len() + 1
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
	binary.LittleEndian.PutUint32(dst[4:], v.Asn)
	protocol.PutIP(dst[8:], v.Address)
	copy(dst[26:], v.Country[:])
	protocol.PutSpan(dst[28:], end, v.Organisation.Len())
	if err := protocol.PutText(dst[end:], v.Organisation, "organisation"); err != nil {
		return err
	}
	end += v.Organisation.Len() + 1
	return nil
}

// checkItem fails unless bytes are one.
func checkItem(bytes []byte) error {
	if len(bytes) < itemLen {
		return protocol.NewWireError(protocol.ErrTruncated, "ip-to-asn item", itemLen, uint64(len(bytes)))
	}
	if found := binary.LittleEndian.Uint16(bytes[0:]); found != 1 {
		return protocol.NewWireError(protocol.ErrBadLayout, "layout", 1, uint64(found))
	}
	if address, err := protocol.ReadIP(bytes[8:26], "address"); err != nil {
		return err
	} else if !address.IsValid() {
		return protocol.NewWireError(protocol.ErrBadLayout, "address", 16, 0)
	}
	if !protocol.IsPadded(bytes[26:28]) {
		return protocol.NewWireError(protocol.ErrBadLayout, "country", 0, 1)
	}
	spans := [...]protocol.Span{protocol.ReadSpan(bytes[28:])}
	end, err := protocol.CheckTexts(bytes, itemLen, spans[:], "organisation")
	if err != nil {
		return err
	}
	if uint64(len(bytes)) != end {
		return protocol.NewWireError(protocol.ErrBadLayout, "item length", end, uint64(len(bytes)))
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
	v.Asn = binary.LittleEndian.Uint32(bytes[4:])
	v.Address, _ = protocol.ReadIP(bytes[8:], "address")
	v.Country = [2]byte(bytes[26:28])
	v.Organisation = protocol.TextAt(bytes, protocol.ReadSpan(bytes[28:]))
	return v
}

// check tells which rule of the schema the item breaks.
func (v *Item) check() error {
	switch v.Status {
	case 0, 1, 2, 3:
	default:
		return protocol.NewWireError(protocol.ErrBadLayout, "status", 0, uint64(v.Status))
	}
	if !v.Address.IsValid() {
		return protocol.NewWireError(protocol.ErrBadLayout, "address", 0, 0)
	}
	if !protocol.IsPadded(v.Country[:]) {
		return protocol.NewWireError(protocol.ErrBadLayout, "country", 0, 1)
	}
	if v.Status != 0 {
		if v.Asn != 0 || v.Country != [2]byte{} || v.Organisation.Len() != 0 {
			return protocol.NewWireError(protocol.ErrBadLayout, "data with status", 0, uint64(v.Status))
		}
		return nil
	}
	return nil
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
	if !k.Address.IsValid() {
		return protocol.NewWireError(protocol.ErrBadLayout, "address", 16, 0)
	}
	copy(dst, k.Address.AsSlice())
	return nil
}

// Read returns the key in bytes that were checked.
func (Key) Read(key protocol.Valid[Key]) Key {
	address, _ := netip.AddrFromSlice(key.Bytes())
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
	return list.Check(protocol.ListRules{MinLen: 4, Ordered: true}, checkKey)
}

// Key returns the key that this answers.
func (v *Item) Key() Key { return Key{Address: v.Address} }

// StatusCode returns the status.
func (v *Item) StatusCode() uint16 { return uint16(v.Status) }

// Bare returns the item for key that holds only a status.
func (*Item) Bare(key Key, status uint16) Item {
	return Item{Status: LookupStatus(status), Address: key.Address}
}

// Read makes it the item that was checked before.
func (v *Item) Read(item protocol.Valid[Item]) { *v = readItem(item.Bytes()) }

// CheckAll fails unless every item of list is one, in order.
func (*Item) CheckAll(list protocol.Packed) error {
	return list.Check(protocol.ListRules{MinLen: itemLen, Ordered: true}, checkItem)
}

// Rules returns what is the same for all items.
func (*Item) Rules() protocol.LookupRules {
	bare := protocol.KeyedSize{Fixed: 37}
	return protocol.LookupRules{Exceeded: 2, Oversized: 3, Bare: bare, Likely: bare}
}

// Cache keeps what was found for the keys of interest.
type Cache = service.Cache[netip.Addr, Item]

// NewCache returns a cache around client, which is the cache's own from now on, that looks up keys.
func NewCache(client *Client, keys []netip.Addr) *Cache {
	return service.NewLookupCache(client, keys, cachedItems)
}

var cachedItems = service.CachedItems[netip.Addr, Item]{
	Decode: func(bytes []byte) (Item, error) {
		if err := checkItem(bytes); err != nil {
			return Item{}, err
		}
		return readItem(bytes), nil
	},
	View: func(item protocol.Valid[Item]) Item { return readItem(item.Bytes()) },
	Key:  func(item Item) netip.Addr { return item.Address },
	// The cache hashes keys itself.
	Hash: func(netip.Addr) uint32 { return 0 },
	Match: func(item protocol.Valid[Item], key netip.Addr) (Item, bool) {
		found := readItem(item.Bytes())
		return found, found.Address == key
	},
}

package service_test

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"

	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service"
)

// A lookup of a program's own, ip-to-asn: addresses in, the network that each belongs to out.
//
//	key   4 bytes of an IPv4 or 16 bytes of an IPv6 address
//	item  0       2       4    8              12       12 + key
//	      layout  status  asn  key length     address  name NUL
const (
	asnHeaderLen = 12
	asnKnown     = uint16(iota - 1)
	asnUnknown
	asnExceeded
	asnOversized
)

// address is a key.
type address netip.Addr

func (a address) Size() int { return netip.Addr(a).BitLen() / 8 }

func (a address) Encode(dst []byte) error {
	copy(dst, netip.Addr(a).AsSlice())
	return nil
}

func (a address) Same(other address) bool { return a == other }

func (address) CheckAll(list protocol.Packed) error {
	return list.Check(protocol.ListRules{MinLen: 4, Ordered: true}, func(key []byte) error {
		if _, valid := netip.AddrFromSlice(key); !valid {
			return protocol.NewWireError(protocol.ErrBadLayout, "address length", 16, uint64(len(key)))
		}
		return nil
	})
}

func (address) Read(key protocol.Valid[address]) address {
	found, _ := netip.AddrFromSlice(key.Bytes())
	return address(found)
}

// network is an item. An unknown one has only its address.
type network struct {
	Status  uint16
	ASN     uint32
	Address netip.Addr
	Name    protocol.CStringView
}

func (n network) Size() int { return asnHeaderLen + n.Address.BitLen()/8 + n.Name.Len() + 1 }

func (n network) Encode(dst []byte) error {
	key := n.Address.AsSlice()
	binary.LittleEndian.PutUint16(dst, 1)
	binary.LittleEndian.PutUint16(dst[2:], n.Status)
	binary.LittleEndian.PutUint32(dst[4:], n.ASN)
	binary.LittleEndian.PutUint32(dst[8:], uint32(len(key)))
	end := asnHeaderLen + copy(dst[asnHeaderLen:], key)
	end += copy(dst[end:], n.Name.Bytes())
	dst[end] = 0
	return nil
}

func (n *network) Key() address { return address(n.Address) }

func (n *network) StatusCode() uint16 { return n.Status }

func (n *network) Bare(key address, status uint16) network {
	return network{Status: status, Address: netip.Addr(key)}
}

func (n *network) Read(item protocol.Valid[network]) { *n, _ = decodeNetwork(item.Bytes()) }

func (*network) CheckAll(list protocol.Packed) error {
	return list.Check(protocol.ListRules{MinLen: asnHeaderLen, Ordered: true}, func(item []byte) error {
		_, err := decodeNetwork(item)
		return err
	})
}

func (*network) Rules() protocol.LookupRules {
	size := protocol.KeyedSize{Fixed: asnHeaderLen + 1, PlusKey: true}
	return protocol.LookupRules{Exceeded: asnExceeded, Oversized: asnOversized, Bare: size, Likely: size}
}

func decodeNetwork(item []byte) (network, error) {
	if len(item) < asnHeaderLen+5 || item[len(item)-1] != 0 {
		return network{}, protocol.NewWireError(protocol.ErrTruncated, "network", asnHeaderLen+5, uint64(len(item)))
	}
	rest, size := item[asnHeaderLen:len(item)-1], binary.LittleEndian.Uint32(item[8:])
	if uint64(size) > uint64(len(rest)) {
		return network{}, protocol.NewWireError(protocol.ErrOutOfBounds, "address", uint64(len(rest)), uint64(size))
	}
	found, valid := netip.AddrFromSlice(rest[:size])
	if !valid {
		return network{}, protocol.NewWireError(protocol.ErrBadLayout, "address length", 16, uint64(size))
	}
	return network{
		Status:  binary.LittleEndian.Uint16(item[2:]),
		ASN:     binary.LittleEndian.Uint32(item[4:]),
		Address: found,
		Name:    protocol.CString(rest[size:]),
	}, nil
}

type (
	networkReply   = protocol.LookupResponse[address, network, *network]
	networkRequest = protocol.LookupRequest[address]
	networkBuilder = protocol.LookupBuilder[address, network, *network]
)

var ipToASN = service.Lookup[netip.Addr, address, networkReply, *networkReply]{
	Method: service.Method{Code: 0x8001, Name: "ip-to-asn"},
	Key:    func(named netip.Addr) (address, error) { return address(named), nil },
}

// cachedNetworks is how a cache finds networks again.
var cachedNetworks = service.CachedItems[netip.Addr, network]{
	Decode: decodeNetwork,
	View: func(item protocol.Valid[network]) (found network) {
		found.Read(item)
		return found
	},
	Key:  func(item network) netip.Addr { return item.Address },
	Hash: func(key netip.Addr) uint32 { return uint32(key.BitLen()) },
	Match: func(item protocol.Valid[network], key netip.Addr) (found network, same bool) {
		found.Read(item)
		return found, found.Address == key
	},
}

// answerNetworks is the handler.
func answerNetworks(request *networkRequest, answer *networkBuilder) error {
	answer.SetGeneration(1)
	for _, key := range request.Keys() {
		if named := netip.Addr(key); named.Is4() && named.As4()[0] == 192 {
			_ = answer.Add(network{ASN: 64496, Address: named, Name: protocol.CString([]byte("Example Networks"))})
		} else {
			_ = answer.AddBare(asnUnknown)
		}
	}
	return answer.Err()
}

// A lookup of one's own, with client, server and cache: nothing in the library knows of it.
func ExampleLookup() {
	runDir, err := os.MkdirTemp("", "netipc")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(runDir)
	handler := service.BuilderHandler(ipToASN.Method, protocol.DecodeLookupRequest[address], service.Builder[networkRequest, networkBuilder]{
		Start:  func(b *networkBuilder, request *networkRequest, buf []byte) error { return b.Start(*request, buf) },
		Finish: (*networkBuilder).Finish,
	}, answerNetworks)
	stop := serve(service.NewServer(runDir, "ip-to-asn", service.ServerConfig{Logger: quiet}, handler))

	addresses := []netip.Addr{netip.MustParseAddr("192.0.2.7"), netip.MustParseAddr("2001:db8::1")}
	client := service.NewLookupClient(&ipToASN, runDir, "ip-to-asn", service.ClientConfig{Logger: quiet})
	client.Refresh()
	reply, err := client.Lookup(addresses)
	if err != nil {
		panic(err)
	}
	for _, item := range reply.Items() {
		fmt.Printf("asked:  %v %t AS%d %q\n", item.Address, item.Status == asnKnown, item.ASN, item.Name)
	}

	cache := service.NewLookupCache(client, addresses, cachedNetworks)
	defer cache.Close()
	cache.Refresh()
	stop()
	guard := cache.ReadLock()
	item, found := guard.Get(addresses[0])
	fmt.Println("cached:", item.Address, item.Name, found)
	// Output:
	// asked:  192.0.2.7 true AS64496 "Example Networks"
	// asked:  2001:db8::1 false AS0 ""
	// cached: 192.0.2.7 Example Networks true
}

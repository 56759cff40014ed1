package peer

import (
	"encoding/binary"
	"net/netip"

	"github.com/netipc/netipc/go/internal/generated/ip_to_asn"
	"github.com/netipc/netipc/go/internal/generated/pid_traffic"
)

// The services that are examples of schemas: ip-to-asn and pid-traffic.

// address returns the address that stands for a number: IPv6 for odd ones, else IPv4.
func address(number uint32) netip.Addr {
	if number%2 == 1 {
		bytes := [16]byte{0x20, 0x01, 0x0d, 0xb8}
		binary.BigEndian.PutUint32(bytes[12:], number)
		return netip.AddrFrom16(bytes)
	}
	var bytes [4]byte
	binary.BigEndian.PutUint32(bytes[:], 0x0a00_0000|number&0xff_ffff)
	return netip.AddrFrom4(bytes)
}

// addressNumber returns the number that an address stands for.
func addressNumber(address netip.Addr) uint32 {
	if address.Is4() {
		bytes := address.As4()
		return binary.BigEndian.Uint32(bytes[:]) & 0xff_ffff
	}
	bytes := address.As16()
	return binary.BigEndian.Uint32(bytes[12:])
}

// network returns what is known of an address. With small, answers have no room for huge items.
func network(address netip.Addr, small bool) ip_to_asn.Item {
	number := addressNumber(address)
	item := ip_to_asn.Item{Address: address}
	switch {
	case small && isHuge(number):
		item.Status = ip_to_asn.LookupStatusOversizedItem
	case number%8 < 2:
		item.Status = ip_to_asn.LookupStatusUnknown
	case number%8 == 2:
		item.Asn = number
	default:
		item.Asn = number
		item.Country = [2]byte{byte('A' + number%26), byte('A' + number/26%26)}
		item.Organisation = text(name(number))
	}
	return item
}

// processKey returns the key that stands for a number.
func processKey(number uint32) pid_traffic.Key {
	return pid_traffic.Key{Pid: number, Starttime: 1<<40 + uint64(number)*1_000_003}
}

// traffic returns what is known of the traffic of a process.
func traffic(key pid_traffic.Key) pid_traffic.Item {
	number := uint64(key.Pid)
	item := pid_traffic.Item{Pid: key.Pid, Starttime: key.Starttime}
	if number%8 == 0 {
		item.Status = pid_traffic.LookupStatusUnknown
		return item
	}
	item.BytesReceived = 1<<33 + number*1500
	item.BytesSent = number * 700
	item.PacketsReceived = number
	item.PacketsSent = number / 2
	item.Connections = key.Pid % 64
	return item
}

func (o *options) answerNetworks(request *ip_to_asn.Request, answer *ip_to_asn.Builder) error {
	answer.SetGeneration(o.generation)
	for _, key := range request.Keys() {
		if err := answer.Add(network(key.Address, false)); err != nil {
			return err
		}
	}
	return nil
}

func (o *options) answerTraffic(request *pid_traffic.Request, answer *pid_traffic.Builder) error {
	answer.SetGeneration(o.generation)
	for _, key := range request.Keys() {
		if err := answer.Add(traffic(key)); err != nil {
			return err
		}
	}
	return nil
}

func (o *options) networksAsker() asker {
	client := ip_to_asn.NewClient(o.runDir, o.service, o.clientConfig())
	return asking(client, func(o *options) error {
		addresses := make([]netip.Addr, o.count)
		for i := range addresses {
			addresses[i] = address(numberAt(o.first + uint32(i)))
		}
		reply, err := client.Lookup(addresses)
		if err != nil {
			return err
		}
		if err := o.sameReply(reply.Len(), reply.Generation); err != nil {
			return err
		}
		for i, item := range reply.Items() {
			if err := sameItem(item, network(addresses[i], o.small())); err != nil {
				return err
			}
		}
		return nil
	})
}

func (o *options) trafficAsker() asker {
	client := pid_traffic.NewClient(o.runDir, o.service, o.clientConfig())
	return asking(client, func(o *options) error {
		keys := make([]pid_traffic.Key, o.count)
		for i := range keys {
			keys[i] = processKey(numberAt(o.first + uint32(i)))
		}
		reply, err := client.Lookup(keys)
		if err != nil {
			return err
		}
		if err := o.sameReply(reply.Len(), reply.Generation); err != nil {
			return err
		}
		for i, item := range reply.Items() {
			if err := sameItem(item, traffic(keys[i])); err != nil {
				return err
			}
		}
		return nil
	})
}

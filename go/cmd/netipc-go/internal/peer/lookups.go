package peer

import (
	"encoding/binary"
	"iter"
	"net/netip"

	"github.com/netipc/netipc/go/internal/generated/ip_to_asn"
	"github.com/netipc/netipc/go/internal/generated/pid_traffic"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service"
	"github.com/netipc/netipc/go/service/apps_lookup"
	"github.com/netipc/netipc/go/service/cgroups_lookup"
)

// The lookups of the matrix: how each is served and asked, what its keys are, and what is known of them.

// lookups are all of them. What the library's own handlers return as a bool, made ones return as an error.
var lookups = map[string]lookup{
	cgroups_lookup.Service.Name: {
		serve: func(o *options) *service.Server {
			handle := func(request *protocol.CgroupsLookupRequestView, answer *protocol.CgroupsLookupBuilder) bool {
				known := func(key protocol.TextKey) protocol.CgroupsLookupItemView { return cgroup(key.Bytes(), false) }
				return addAll(o, request, answer, known) == nil
			}
			handler := cgroups_lookup.Handler{Handle: handle}
			return cgroups_lookup.NewServerWithWorkers(o.runDir, o.service, o.serverConfig(), handler, o.workers)
		},
		asker: func(o *options) asker {
			client := cgroups_lookup.NewClient(o.runDir, o.service, o.clientConfig())
			return finding(client, pathKey, cgroup, (*protocol.CgroupsLookupResponseView).Items)
		},
	},
	apps_lookup.Service.Name: {
		serve: func(o *options) *service.Server {
			handle := func(request *protocol.AppsLookupRequestView, answer *protocol.AppsLookupBuilder) bool {
				known := func(key protocol.NumberKey) protocol.AppsLookupItemView { return process(uint32(key), false) }
				return addAll(o, request, answer, known) == nil
			}
			handler := apps_lookup.Handler{Handle: handle}
			return apps_lookup.NewServerWithWorkers(o.runDir, o.service, o.serverConfig(), handler, o.workers)
		},
		asker: func(o *options) asker {
			client := apps_lookup.NewClient(o.runDir, o.service, o.clientConfig())
			pid := func(number uint32) uint32 { return number }
			return finding(client, pid, process, (*protocol.AppsLookupResponseView).Items)
		},
	},
	ip_to_asn.Service.Name: {
		serve: func(o *options) *service.Server {
			handle := func(request *ip_to_asn.Request, answer *ip_to_asn.Builder) error {
				known := func(key ip_to_asn.Key) ip_to_asn.Item { return network(key.Address, false) }
				return addAll(o, request, answer, known)
			}
			return ip_to_asn.NewServerWithWorkers(o.runDir, o.service, o.serverConfig(), handle, o.workers)
		},
		asker: func(o *options) asker {
			client := ip_to_asn.NewClient(o.runDir, o.service, o.clientConfig())
			return finding(client, address, network, (*ip_to_asn.Reply).Items)
		},
	},
	pid_traffic.Service.Name: {
		serve: func(o *options) *service.Server {
			handle := func(request *pid_traffic.Request, answer *pid_traffic.Builder) error {
				known := func(key pid_traffic.Key) pid_traffic.Item { return traffic(key, false) }
				return addAll(o, request, answer, known)
			}
			return pid_traffic.NewServerWithWorkers(o.runDir, o.service, o.serverConfig(), handle, o.workers)
		},
		asker: func(o *options) asker {
			client := pid_traffic.NewClient(o.runDir, o.service, o.clientConfig())
			return finding(client, processKey, traffic, (*pid_traffic.Reply).Items)
		},
	},
}

// lookup is a service that is asked with keys.
type lookup struct {
	serve func(*options) *service.Server
	asker func(*options) asker
}

// answer takes items I, one for each key.
type answer[I any] interface {
	SetGeneration(uint64)
	Add(I) error
}

// addAll answers with what is known of each key.
func addAll[K protocol.LookupKey[K], I any](o *options, request *protocol.LookupRequest[K], answer answer[I], known func(K) I) error {
	answer.SetGeneration(o.generation)
	for _, key := range request.Keys() {
		if err := answer.Add(known(key)); err != nil {
			return err
		}
	}
	return nil
}

// finding returns an asker that looks up as many keys as it is told, and expects of each what is known of it.
func finding[A any, K protocol.LookupKey[K], R any, P protocol.LookupReply[K, R], I protocol.Encoder](
	client *service.LookupClient[A, K, R, P],
	keyOf func(number uint32) A,
	known func(key A, small bool) I,
	items func(P) iter.Seq2[int, I],
) asker {
	return asking(client, func(o *options) error {
		keys := make([]A, o.count)
		for i := range keys {
			keys[i] = keyOf(numberAt(o.first + uint32(i)))
		}
		reply, err := client.Lookup(keys)
		if err != nil {
			return err
		}
		if err := same("the number of items", reply.Len(), len(keys)); err != nil {
			return err
		}
		if err := same("the generation", reply.DataGeneration(), o.generation); err != nil {
			return err
		}
		for i, item := range items(reply) {
			if err := sameItem(item, known(keys[i], o.small())); err != nil {
				return err
			}
		}
		return nil
	})
}

// pathKey returns the path that stands for a number, as clients name it.
func pathKey(number uint32) []byte { return []byte(path(number)) }

// cgroup returns what is known of a cgroup. With small, answers have no room for huge items.
func cgroup(path []byte, small bool) protocol.CgroupsLookupItemView {
	number := numberOf(path)
	item := protocol.CgroupsLookupItemView{Path: protocol.CString(path)}
	switch {
	case small && isHuge(number):
		item.Status = protocol.CgroupStatusOversizedItem
	case number%8 == 0:
		item.Status = protocol.CgroupStatusUnknownRetryLater
	case number%8 == 1:
		item.Status = protocol.CgroupStatusUnknownPermanent
	case number%8 == 2:
		item.Status = protocol.CgroupStatusKnown
	default:
		item.Status = protocol.CgroupStatusKnown
		item.Orchestrator = orchestrator(number)
		item.Name, item.Labels = text(name(number)), labels(number)
	}
	return item
}

// process returns what is known of a process. With small, answers have no room for huge items.
func process(pid uint32, small bool) protocol.AppsLookupItemView {
	bare := protocol.AppsLookupItemView{Pid: pid, Uid: protocol.UidUnset}
	if small && isHuge(pid) {
		bare.Status = protocol.PidStatusOversizedItem
		return bare
	}
	if pid%8 == 0 {
		bare.Status = protocol.PidStatusUnknown
		return bare
	}
	comm := "c" + decimal(pid)
	if pid%3 == 0 {
		comm = "é" + decimal(pid)
	}
	item := protocol.AppsLookupItemView{
		Status:    protocol.PidStatusKnown,
		Pid:       pid,
		Ppid:      pid / 2,
		Uid:       pid % 1000,
		Starttime: 1<<40 + uint64(pid)*1_000_003,
		Comm:      text(comm),
	}
	switch pid % 8 {
	case 1:
		item.CgroupStatus = protocol.AppsCgroupStatusHostRoot
	case 2:
		item.CgroupStatus = protocol.AppsCgroupStatusUnknownRetryLater
	case 3:
		item.CgroupStatus = protocol.AppsCgroupStatusUnknownPermanent
		item.CgroupPath = text(path(pid))
	default:
		item.CgroupStatus = protocol.AppsCgroupStatusKnown
		item.Orchestrator = orchestrator(pid)
		item.CgroupPath, item.CgroupName = text(path(pid)), text(name(pid))
		item.Labels = labels(pid)
	}
	return item
}

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

// traffic returns what is known of the traffic of a process: no text, so that none is too large.
func traffic(key pid_traffic.Key, _ bool) pid_traffic.Item {
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

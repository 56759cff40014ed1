// Package apps_lookup is `apps-lookup`: Process ids in; process, user and cgroup of each out.
//
//	key
//	  0    4  8
//	  pid  0
//	item
//	  0       2       4             6              8    12    16   20  24         32
//	  layout  status  orchestrator  cgroup_status  pid  ppid  uid  0   starttime  comm span
//
//	  40                48                56            58
//	  cgroup_path span  cgroup_name span  labels count  0
//
//	  60
//	  comm NUL cgroup_path NUL cgroup_name NUL gap to 8, spans of labels, key NUL value NUL ..
//
// Made from apps-lookup.toml by netipc schema generate: change that file, not this one.
package apps_lookup

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
	Client = service.LookupClient[uint32, Key, Reply, *Reply]
	// Request is the keys of a request.
	Request = protocol.LookupRequest[Key]
	// Reply is the items of a reply, in the order of the keys.
	Reply = protocol.LookupResponse[Key, Item, *Item]
	// Builder takes an item for each key.
	Builder = protocol.LookupBuilder[Key, Item, *Item]
)

// Service is the request kind.
var Service = service.Lookup[uint32, Key, Reply, *Reply]{
	Method: service.Method{Code: 0x0005, Name: "apps-lookup"},
	Key:    func(named uint32) (Key, error) { return Key{Pid: named}, nil },
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

// PidStatus: whether a process is known, or why not.
type PidStatus uint16

// The values of [PidStatus] that have a name.
const (
	// PidStatusKnown: the item holds data.
	PidStatusKnown PidStatus = 0
	// PidStatusUnknown: there is no such process.
	PidStatusUnknown PidStatus = 1
	// PidStatusPayloadExceeded: there was no room: clients ask again by themselves, and callers never see it.
	PidStatusPayloadExceeded PidStatus = 2
	// PidStatusOversizedItem: no answer within the agreed limits can hold the item.
	PidStatusOversizedItem PidStatus = 3
)

// String returns the name, or the number where there is none.
func (v PidStatus) String() string {
	switch v {
	case PidStatusKnown:
		return "known"
	case PidStatusUnknown:
		return "unknown"
	case PidStatusPayloadExceeded:
		return "payload-exceeded"
	case PidStatusOversizedItem:
		return "oversized-item"
	default:
		return fmt.Sprintf("PidStatus %d", uint16(v))
	}
}

// AppsCgroupStatus: whether the cgroup of a known process is known, or why not.
type AppsCgroupStatus uint16

// The values of [AppsCgroupStatus] that have a name.
const (
	// AppsCgroupStatusKnown: there is a path, and maybe a name and labels.
	AppsCgroupStatusKnown AppsCgroupStatus = 0
	// AppsCgroupStatusUnknownRetryLater: not known yet: ask again later. There may be a path.
	AppsCgroupStatusUnknownRetryLater AppsCgroupStatus = 1
	// AppsCgroupStatusUnknownPermanent: not known, and asking again is of no use. There is a path.
	AppsCgroupStatusUnknownPermanent AppsCgroupStatus = 2
	// AppsCgroupStatusHostRoot: the process is in no cgroup but the host's root.
	AppsCgroupStatusHostRoot AppsCgroupStatus = 3
)

// String returns the name, or the number where there is none.
func (v AppsCgroupStatus) String() string {
	switch v {
	case AppsCgroupStatusKnown:
		return "known"
	case AppsCgroupStatusUnknownRetryLater:
		return "unknown-retry-later"
	case AppsCgroupStatusUnknownPermanent:
		return "unknown-permanent"
	case AppsCgroupStatusHostRoot:
		return "host-root"
	default:
		return fmt.Sprintf("AppsCgroupStatus %d", uint16(v))
	}
}

// Item: what is known of one process.
type Item struct {
	// Status: whether the process is known, or why not.
	Status PidStatus
	// Orchestrator: who runs its cgroup.
	Orchestrator protocol.Orchestrator
	// CgroupStatus: whether its cgroup is known, or why not.
	CgroupStatus AppsCgroupStatus
	// Pid: the process; 0 is a legal key.
	Pid uint32
	// Ppid: its parent.
	Ppid uint32
	// Uid: its user. 4294967295 is not set.
	Uid uint32
	// Starttime: field 22 of /proc/PID/stat; 0 off Linux. In clock ticks since boot.
	Starttime uint64
	// Comm: its command. 1 to 15 bytes.
	Comm protocol.CStringView
	// CgroupPath: path of its cgroup.
	CgroupPath protocol.CStringView
	// CgroupName: name of its cgroup.
	CgroupName protocol.CStringView
	// Labels: labels of its cgroup.
	Labels protocol.Labels
}

// UidUnset is the [Item].Uid that is not set.
const UidUnset uint32 = 4294967295

const itemLen = 60

// Size returns the bytes on the wire.
func (v Item) Size() int {
	return v.Labels.EndAfter(itemLen + v.Comm.Len() + 1 + v.CgroupPath.Len() + 1 + v.CgroupName.Len() + 1)
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
	binary.LittleEndian.PutUint16(dst[6:], uint16(v.CgroupStatus))
	binary.LittleEndian.PutUint32(dst[8:], v.Pid)
	binary.LittleEndian.PutUint32(dst[12:], v.Ppid)
	binary.LittleEndian.PutUint32(dst[16:], v.Uid)
	clear(dst[20:24])
	binary.LittleEndian.PutUint64(dst[24:], v.Starttime)
	protocol.PutSpan(dst[32:], end, v.Comm.Len())
	if err := protocol.PutText(dst[end:], v.Comm, "comm"); err != nil {
		return err
	}
	end += v.Comm.Len() + 1
	protocol.PutSpan(dst[40:], end, v.CgroupPath.Len())
	if err := protocol.PutText(dst[end:], v.CgroupPath, "cgroup_path"); err != nil {
		return err
	}
	end += v.CgroupPath.Len() + 1
	protocol.PutSpan(dst[48:], end, v.CgroupName.Len())
	if err := protocol.PutText(dst[end:], v.CgroupName, "cgroup_name"); err != nil {
		return err
	}
	end += v.CgroupName.Len() + 1
	binary.LittleEndian.PutUint16(dst[56:], uint16(v.Labels.Len()))
	clear(dst[58:60])
	return v.Labels.Encode(dst, end)
}

// checkItem fails unless bytes are one.
func checkItem(bytes []byte) error {
	if len(bytes) < itemLen {
		return protocol.NewWireError(protocol.ErrTruncated, "apps-lookup item", itemLen, uint64(len(bytes)))
	}
	if found := binary.LittleEndian.Uint16(bytes[0:]); found != 1 {
		return protocol.NewWireError(protocol.ErrBadLayout, "layout", 1, uint64(found))
	}
	if err := protocol.CheckZeros(bytes[20:24], "reserved"); err != nil {
		return err
	}
	if err := protocol.CheckZeros(bytes[58:60], "reserved"); err != nil {
		return err
	}
	spans := [...]protocol.Span{protocol.ReadSpan(bytes[32:]), protocol.ReadSpan(bytes[40:]), protocol.ReadSpan(bytes[48:])}
	end, err := protocol.CheckTexts(bytes, itemLen, spans[:], "comm or cgroup_path or cgroup_name")
	if err != nil {
		return err
	}
	if err := protocol.CheckLabels(bytes, binary.LittleEndian.Uint16(bytes[56:]), end); err != nil {
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
	v.Status = PidStatus(binary.LittleEndian.Uint16(bytes[2:]))
	v.Orchestrator = protocol.Orchestrator(binary.LittleEndian.Uint16(bytes[4:]))
	v.CgroupStatus = AppsCgroupStatus(binary.LittleEndian.Uint16(bytes[6:]))
	v.Pid = binary.LittleEndian.Uint32(bytes[8:])
	v.Ppid = binary.LittleEndian.Uint32(bytes[12:])
	v.Uid = binary.LittleEndian.Uint32(bytes[16:])
	v.Starttime = binary.LittleEndian.Uint64(bytes[24:])
	v.Comm = protocol.TextAt(bytes, protocol.ReadSpan(bytes[32:]))
	v.CgroupPath = protocol.TextAt(bytes, protocol.ReadSpan(bytes[40:]))
	v.CgroupName = protocol.TextAt(bytes, protocol.ReadSpan(bytes[48:]))
	v.Labels = protocol.LabelsAt(bytes, binary.LittleEndian.Uint16(bytes[56:]), max(protocol.ReadSpan(bytes[32:]).End(), protocol.ReadSpan(bytes[40:]).End(), protocol.ReadSpan(bytes[48:]).End()))
	return v
}

// check tells which rule of the schema the item breaks.
func (v *Item) check() error {
	switch v.Status {
	case 0, 1, 2, 3:
	default:
		return protocol.NewWireError(protocol.ErrBadLayout, "status", 0, uint64(v.Status))
	}
	switch v.CgroupStatus {
	case 0, 1, 2, 3:
	default:
		return protocol.NewWireError(protocol.ErrBadLayout, "cgroup_status", 0, uint64(v.CgroupStatus))
	}
	if v.Status != 0 {
		if v.Orchestrator != 0 || v.CgroupStatus != 0 || v.Ppid != 0 || v.Uid != 4294967295 || v.Starttime != 0 || v.Comm.Len() != 0 || v.CgroupPath.Len() != 0 || v.CgroupName.Len() != 0 || v.Labels.Len() != 0 {
			return protocol.NewWireError(protocol.ErrBadLayout, "data with status", 0, uint64(v.Status))
		}
		return nil
	}
	if v.Comm.Len() < 1 {
		return protocol.NewWireError(protocol.ErrBadLayout, "comm", 0, 0)
	}
	if v.Comm.Len() > 15 {
		return protocol.NewWireError(protocol.ErrBadLayout, "comm", 0, 1)
	}
	if v.CgroupStatus == 0 && (v.CgroupPath.Len() == 0) {
		return protocol.NewWireError(protocol.ErrBadLayout, "data with cgroup_status", 0, uint64(v.CgroupStatus))
	}
	if v.CgroupStatus == 1 && (v.Orchestrator != 0 || v.CgroupName.Len() != 0 || v.Labels.Len() != 0) {
		return protocol.NewWireError(protocol.ErrBadLayout, "data with cgroup_status", 0, uint64(v.CgroupStatus))
	}
	if v.CgroupStatus == 2 && (v.CgroupPath.Len() == 0 || v.Orchestrator != 0 || v.CgroupName.Len() != 0 || v.Labels.Len() != 0) {
		return protocol.NewWireError(protocol.ErrBadLayout, "data with cgroup_status", 0, uint64(v.CgroupStatus))
	}
	if v.CgroupStatus == 3 && (v.Orchestrator != 0 || v.CgroupName.Len() != 0 || v.Labels.Len() != 0 || v.CgroupPath.Len() != 0) {
		return protocol.NewWireError(protocol.ErrBadLayout, "data with cgroup_status", 0, uint64(v.CgroupStatus))
	}
	return nil
}

// Key is what is looked up.
type Key struct {
	// Pid: the process; 0 is a legal key.
	Pid uint32
}

// Same tells whether both are the same key.
func (k Key) Same(other Key) bool { return k.Pid == other.Pid }

const keyLen = 8

// Size returns the bytes on the wire.
func (k Key) Size() int { return keyLen }

// Encode writes the key to dst, which has exactly Size bytes.
func (k Key) Encode(dst []byte) error {
	binary.LittleEndian.PutUint32(dst[0:], k.Pid)
	clear(dst[4:8])
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
	return Key{Pid: binary.LittleEndian.Uint32(bytes[0:])}
}

// checkKey fails unless bytes are a key.
func checkKey(bytes []byte) error {
	if len(bytes) != keyLen {
		return protocol.NewWireError(protocol.ErrBadLayout, "apps-lookup key length", keyLen, uint64(len(bytes)))
	}
	if err := protocol.CheckZeros(bytes[4:8], "reserved"); err != nil {
		return err
	}
	return nil
}

// CheckAll fails unless every item of list is a key.
func (Key) CheckAll(list protocol.Packed) error {
	return list.Check(protocol.ListRules{MinLen: 8, Ordered: true}, checkKey)
}

// Key returns the key that this answers.
func (v *Item) Key() Key { return Key{Pid: v.Pid} }

// StatusCode returns the status.
func (v *Item) StatusCode() uint16 { return uint16(v.Status) }

// Bare returns the item for key that holds only a status.
func (*Item) Bare(key Key, status uint16) Item {
	return Item{Status: PidStatus(status), Pid: key.Pid, Uid: UidUnset}
}

// Read makes it the item that was checked before.
func (v *Item) Read(item protocol.Valid[Item]) { *v = readItem(item.Bytes()) }

// CheckAll fails unless every item of list is one, in order.
func (*Item) CheckAll(list protocol.Packed) error {
	return list.Check(protocol.ListRules{MinLen: itemLen, Ordered: true}, checkItem)
}

// Rules returns what is the same for all items.
func (*Item) Rules() protocol.LookupRules {
	bare := protocol.KeyedSize{Fixed: 63}
	return protocol.LookupRules{Exceeded: 2, Oversized: 3, Bare: bare, Likely: protocol.KeyedSize{Fixed: 64}}
}

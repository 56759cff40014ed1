// Package cgroups_snapshot is `cgroups-snapshot`: All cgroups of the host, at once.
//
//	item
//	  0       2  4     8        12       16         24         32
//	  layout  0  hash  options  enabled  name span  path span  name NUL path NUL
//
// Made from cgroups-snapshot.toml by netipc schema generate: change that file, not this one.
package cgroups_snapshot

import (
	"encoding/binary"

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
	// Client is a client of the service. Replies borrow its buffer until the next call.
	Client = service.Client[Request, Reply]
)

// Service is the request kind.
var Service = service.Service[Request, Reply]{
	Method:  service.Method{Code: 0x0002, Name: "cgroups-snapshot"},
	Request: service.Codec[Request]{Size: Request.Size, Encode: protocol.Encode[Request], Decode: DecodeRequest},
	Reply:   service.Codec[Reply]{Decode: DecodeReply},
}

// NewClient returns a client of the endpoint name in runDir. It connects to nothing yet.
func NewClient(runDir, name string, config ClientConfig) *Client {
	return service.NewClient(&Service, runDir, name, config)
}

// NewServer returns a server of the endpoint name in runDir that answers with handle. Sessions run it at the same
// time.
func NewServer(runDir, name string, config ServerConfig, handle func(*Request, *Builder) error) *Server {
	builder := service.Builder[Request, Builder]{
		Start:  func(b *Builder, _ *Request, buf []byte) error { return b.Start(buf) },
		Finish: (*Builder).Finish,
	}
	handler := service.BuilderHandler(Service.Method, DecodeRequest, builder, handle)
	return service.NewServer(runDir, name, config, handler)
}

// CgroupOptions: what the provider found out about a cgroup.
type CgroupOptions uint32

// The bits of [CgroupOptions] that have a name.
const (
	// CgroupOptionsDisabledDuplicate: another cgroup has the same name; this one is disabled.
	CgroupOptionsDisabledDuplicate CgroupOptions = 1 << 0
	// CgroupOptionsSystemdService: a service slice of systemd.
	CgroupOptionsSystemdService CgroupOptions = 1 << 1
	// CgroupOptionsUnified: it lies in the unified hierarchy.
	CgroupOptionsUnified CgroupOptions = 1 << 2
	// CgroupOptionsDisabledExcluded: the configuration excludes it.
	CgroupOptionsDisabledExcluded CgroupOptions = 1 << 3
)

// Item: what is known of one cgroup.
type Item struct {
	// Hash: the provider's hash of the name.
	Hash uint32
	// Options: what was found out about it.
	Options CgroupOptions
	// Enabled: whether it is to be monitored; any number but 0 is yes.
	Enabled uint32
	// Name: its name; may be empty.
	Name protocol.CStringView
	// Path: its path in the file system; may be empty.
	Path protocol.CStringView
}

const itemLen = 32

// Size returns the bytes on the wire.
func (v Item) Size() int {
	return itemLen + v.Name.Len() + 1 + v.Path.Len() + 1
}

// Encode writes the item to dst, which has exactly Size bytes. It fails with [protocol.ErrBadLayout] where
// it may not be sent.
func (v Item) Encode(dst []byte) error {
	end := itemLen
	binary.LittleEndian.PutUint16(dst[0:], 1)
	clear(dst[2:4])
	binary.LittleEndian.PutUint32(dst[4:], v.Hash)
	binary.LittleEndian.PutUint32(dst[8:], uint32(v.Options))
	binary.LittleEndian.PutUint32(dst[12:], v.Enabled)
	protocol.PutSpan(dst[16:], end, v.Name.Len())
	if err := protocol.PutText(dst[end:], v.Name, "name"); err != nil {
		return err
	}
	end += v.Name.Len() + 1
	protocol.PutSpan(dst[24:], end, v.Path.Len())
	if err := protocol.PutText(dst[end:], v.Path, "path"); err != nil {
		return err
	}
	end += v.Path.Len() + 1
	return nil
}

// checkItem fails unless bytes are one.
func checkItem(bytes []byte) error {
	if len(bytes) < itemLen {
		return protocol.NewWireError(protocol.ErrTruncated, "cgroups-snapshot item", itemLen, uint64(len(bytes)))
	}
	if found := binary.LittleEndian.Uint16(bytes[0:]); found != 1 {
		return protocol.NewWireError(protocol.ErrBadLayout, "layout", 1, uint64(found))
	}
	if err := protocol.CheckZeros(bytes[2:4], "reserved"); err != nil {
		return err
	}
	span0 := protocol.ReadSpan(bytes[16:])
	if err := protocol.CheckText(bytes, itemLen, span0, "name"); err != nil {
		return err
	}
	span1 := protocol.ReadSpan(bytes[24:])
	if err := protocol.CheckText(bytes, itemLen, span1, "path"); err != nil {
		return err
	}
	if !span1.ApartFrom(span0) {
		return protocol.NewWireError(protocol.ErrBadLayout, "path", span0.End(), uint64(span1.Offset))
	}
	return nil
}

// readItem reads bytes that were checked before; no bytes are nothing.
func readItem(bytes []byte) (v Item) {
	if len(bytes) < itemLen {
		return v
	}
	v.Hash = binary.LittleEndian.Uint32(bytes[4:])
	v.Options = CgroupOptions(binary.LittleEndian.Uint32(bytes[8:]))
	v.Enabled = binary.LittleEndian.Uint32(bytes[12:])
	v.Name = protocol.TextAt(bytes, protocol.ReadSpan(bytes[16:]))
	v.Path = protocol.TextAt(bytes, protocol.ReadSpan(bytes[24:]))
	return v
}

// Header is what a snapshot says besides its items.
type Header struct {
	// SystemdEnabled: whether systemd runs the host; any number but 0 is yes.
	SystemdEnabled uint32
}

const headerLen = 24

// Request asks for the snapshot. It has no fields.
type Request struct{}

// Size returns the bytes on the wire.
func (Request) Size() int { return 4 }

// Encode writes the request to dst, which has exactly Size bytes.
func (Request) Encode(dst []byte) error {
	binary.LittleEndian.PutUint32(dst, 1)
	return nil
}

// DecodeRequest reads a request. It fails with [protocol.ErrTruncated] or [protocol.ErrBadLayout].
func DecodeRequest(bytes []byte) (Request, error) {
	if len(bytes) < 4 {
		return Request{}, protocol.NewWireError(protocol.ErrTruncated, "cgroups-snapshot request", 4, uint64(len(bytes)))
	}
	if found := binary.LittleEndian.Uint32(bytes); found != 1 {
		return Request{}, protocol.NewWireError(protocol.ErrBadLayout, "layout and reserved", 1, uint64(found))
	}
	return Request{}, nil
}

// Reply is a snapshot as it came. An item is validated when it is asked for, so that a corrupt one spoils only
// itself.
type Reply struct {
	Header
	// Generation changes when the server's data does.
	Generation uint64

	list protocol.Packed
}

// DecodeReply reads a snapshot and checks its directory. It fails with [protocol.ErrTruncated],
// [protocol.ErrBadLayout], [protocol.ErrBadAlignment] or [protocol.ErrOutOfBounds].
func DecodeReply(bytes []byte) (Reply, error) {
	if len(bytes) < headerLen {
		return Reply{}, protocol.NewWireError(protocol.ErrTruncated, "snapshot header", headerLen, uint64(len(bytes)))
	}
	if found := binary.LittleEndian.Uint32(bytes); found != 1 {
		return Reply{}, protocol.NewWireError(protocol.ErrBadLayout, "layout and reserved", 1, uint64(found))
	}
	var reply Reply
	reply.SystemdEnabled = binary.LittleEndian.Uint32(bytes[8:])
	if err := protocol.CheckZeros(bytes[12:16], "reserved"); err != nil {
		return Reply{}, err
	}
	reply.Generation = binary.LittleEndian.Uint64(bytes[16:])
	list, err := protocol.ParsePacked(bytes, headerLen, binary.LittleEndian.Uint32(bytes[4:]), protocol.ListRules{MinLen: itemLen})
	if err != nil {
		return Reply{}, err
	}
	reply.list = list
	return reply, nil
}

// Len returns the number of items.
func (r *Reply) Len() int { return r.list.Len() }

// List returns the packed items, which are not validated.
func (r *Reply) List() protocol.Packed { return r.list }

// Item returns item i. It fails with what is wrong with the item, or with [protocol.ErrOutOfBounds] beyond the last.
func (r *Reply) Item(i int) (Item, error) {
	if uint(i) >= uint(r.list.Len()) {
		return Item{}, protocol.NewWireError(protocol.ErrOutOfBounds, "item index", uint64(r.list.Len()), uint64(i))
	}
	bytes := r.list.Get(i)
	if err := checkItem(bytes); err != nil {
		return Item{}, err
	}
	return readItem(bytes), nil
}

// Builder takes the items of a snapshot. Overflow is sticky: a snapshot that did not fit is answered as such, and
// the client comes back with room for more.
type Builder struct {
	list       protocol.PackedWriter
	header     Header
	generation uint64
	err        error
}

// Start begins a snapshot of at most len(buf) bytes. It fails with [protocol.ErrOverflow] where not even the header
// fits.
func (b *Builder) Start(buf []byte) error {
	list, err := protocol.NewGrowingPackedWriter(buf, headerLen)
	*b = Builder{list: list, err: err}
	return err
}

// Set says what the snapshot says besides its items, and which generation of the data this is.
func (b *Builder) Set(header Header, generation uint64) { b.header, b.generation = header, generation }

// Add adds an item. It fails with [protocol.ErrOverflow] where it does not fit, with [protocol.ErrBadLayout] where it
// may not be sent. The first error is kept and decides how the request ends.
func (b *Builder) Add(item Item) error {
	if b.err != nil {
		return b.err
	}
	size := item.Size()
	dst, err := b.list.Open(size)
	if err == nil {
		err = item.Encode(dst)
	}
	if err != nil {
		b.err = err
		return err
	}
	b.list.Commit(size)
	return nil
}

// Err returns what went wrong first, if anything.
func (b *Builder) Err() error { return b.err }

// Finish ends the snapshot; it returns its length. It fails with the first error that was met.
func (b *Builder) Finish() (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	dst, length := b.list.Finish()
	binary.LittleEndian.PutUint32(dst, 1)
	binary.LittleEndian.PutUint32(dst[4:], uint32(b.list.Len()))
	binary.LittleEndian.PutUint32(dst[8:], b.header.SystemdEnabled)
	clear(dst[12:16])
	binary.LittleEndian.PutUint64(dst[16:], b.generation)
	return length, nil
}

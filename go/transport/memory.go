package transport

import "sync"

const (
	defaultMemoryPacket = 65536
	// Packets that wait in one direction before a sender does.
	memoryQueue = 16
)

// Memory is a transport inside this process: endpoints in a hub of its own, without file system and
// descriptors, under the same contract. Two hubs know nothing of one another.
//
// Peers have no identity, connections never break but by closing, and there is no shared memory. Use
// [NewMemory].
type Memory struct {
	hub        *memoryHub
	packetSize uint32
}

// NewMemory returns a new hub without endpoints.
func NewMemory() *Memory {
	return &Memory{hub: &memoryHub{listening: map[Endpoint]*waitingRoom{}}, packetSize: defaultMemoryPacket}
}

// WithPacketSize returns the same hub, with links that carry packets of up to bytes bytes.
func (m *Memory) WithPacketSize(bytes uint32) *Memory {
	return &Memory{hub: m.hub, packetSize: bytes}
}

// Profiles is [Transport.Profiles].
func (m *Memory) Profiles() []Profile {
	return []Profile{{Bit: ProfileBaseline, Name: "baseline", Kind: LinkMemory}}
}

// Connect is [Transport.Connect].
func (m *Memory) Connect(endpoint Endpoint, w Wait) (Baseline, error) {
	room := m.hub.find(endpoint)
	if room == nil {
		return nil, &ConnectError{Endpoint: endpoint.String(), Kind: ErrNotFound}
	}
	client, server := memoryPair(int(m.packetSize))
	closed := false
	err := room.await(w, func() bool {
		closed = room.closed
		if closed || len(room.waiting) >= room.backlog {
			return closed
		}
		room.waiting = append(room.waiting, server)
		return true
	})
	if err == nil && closed {
		err = ErrNotFound
	}
	if err != nil {
		return nil, &ConnectError{Endpoint: endpoint.String(), Kind: err}
	}
	return client, nil
}

// Bind is [Transport.Bind].
func (m *Memory) Bind(endpoint Endpoint, options BindOptions) (Listener, error) {
	backlog := options.Backlog
	if backlog <= 0 {
		backlog = DefaultBacklog
	}
	m.hub.mu.Lock()
	defer m.hub.mu.Unlock()
	if m.hub.listening[endpoint] != nil {
		return nil, &BindError{Endpoint: endpoint.String(), Kind: ErrAddressInUse, Why: "it answers"}
	}
	room := &waitingRoom{backlog: backlog}
	room.init()
	m.hub.listening[endpoint] = room
	return &memoryListener{hub: m.hub, endpoint: endpoint, room: room}, nil
}

// memoryHub is the endpoints that are served.
type memoryHub struct {
	mu        sync.Mutex
	listening map[Endpoint]*waitingRoom
}

func (h *memoryHub) find(endpoint Endpoint) *waitingRoom {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.listening[endpoint]
}

// waitingRoom is connections that wait to be accepted.
type waitingRoom struct {
	monitor
	waiting []*memoryLink
	backlog int
	closed  bool
}

type memoryListener struct {
	hub      *memoryHub
	endpoint Endpoint
	room     *waitingRoom
}

func (l *memoryListener) Accept(w Wait) (Baseline, error) {
	var link *memoryLink
	room := l.room
	err := room.await(w, func() bool {
		if len(room.waiting) > 0 {
			link, room.waiting = room.waiting[0], room.waiting[1:]
		}
		return link != nil || room.closed
	})
	if err != nil {
		return nil, err
	}
	if link == nil {
		return nil, ErrClosed
	}
	return link, nil
}

func (l *memoryListener) Endpoint() Endpoint { return l.endpoint }

func (l *memoryListener) WaitObject() WaitObject { return NoWaitObject }

func (l *memoryListener) Close() error {
	l.hub.mu.Lock()
	if l.hub.listening[l.endpoint] == l.room {
		delete(l.hub.listening, l.endpoint)
	}
	l.hub.mu.Unlock()
	var waiting []*memoryLink
	l.room.change(func() {
		l.room.closed = true
		waiting, l.room.waiting = l.room.waiting, nil
	})
	for _, link := range waiting {
		_ = link.Close()
	}
	return nil
}

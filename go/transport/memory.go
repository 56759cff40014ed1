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
	return &Memory{hub: &memoryHub{doors: map[Endpoint]*doorstep{}}, packetSize: defaultMemoryPacket}
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
	door := m.hub.find(endpoint)
	if door == nil {
		return nil, &ConnectError{Endpoint: endpoint.String(), Kind: ErrNotFound}
	}
	client, server := memoryPair(int(m.packetSize))
	closed := false
	err := door.await(w, func() bool {
		closed = door.closed
		if closed || len(door.waiting) >= door.backlog {
			return closed
		}
		door.waiting = append(door.waiting, server)
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
	if m.hub.doors[endpoint] != nil {
		return nil, &BindError{Endpoint: endpoint.String(), Kind: ErrAddressInUse, Why: "it answers"}
	}
	door := &doorstep{backlog: backlog}
	door.init()
	m.hub.doors[endpoint] = door
	return &memoryListener{hub: m.hub, endpoint: endpoint, door: door}, nil
}

// memoryHub is the endpoints that are served.
type memoryHub struct {
	mu    sync.Mutex
	doors map[Endpoint]*doorstep
}

func (h *memoryHub) find(endpoint Endpoint) *doorstep {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.doors[endpoint]
}

// doorstep is connections that wait to be accepted.
type doorstep struct {
	monitor
	waiting []*memoryLink
	backlog int
	closed  bool
}

type memoryListener struct {
	hub      *memoryHub
	endpoint Endpoint
	door     *doorstep
}

func (l *memoryListener) Accept(w Wait) (Baseline, error) {
	var link *memoryLink
	door := l.door
	err := door.await(w, func() bool {
		if len(door.waiting) > 0 {
			link, door.waiting = door.waiting[0], door.waiting[1:]
		}
		return link != nil || door.closed
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
	if l.hub.doors[l.endpoint] == l.door {
		delete(l.hub.doors, l.endpoint)
	}
	l.hub.mu.Unlock()
	var waiting []*memoryLink
	l.door.change(func() {
		l.door.closed = true
		waiting, l.door.waiting = l.door.waiting, nil
	})
	for _, link := range waiting {
		_ = link.Close()
	}
	return nil
}

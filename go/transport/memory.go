package transport

import "sync"

const (
	defaultMemoryPacket = 65536
	// Packets that one direction holds; a sender waits when there are as many.
	memoryQueue = 16
)

// Memory is a transport inside this process: endpoints in a hub of its own, without file system and
// descriptors, under the same contract. An endpoint of one hub cannot be reached through another.
//
// Peers have no identity, connections never break but by closing, and there is no shared memory. Use
// [NewMemory].
type Memory struct {
	hub        *memoryHub
	packetSize uint32
}

// NewMemory returns a new hub without endpoints.
func NewMemory() *Memory {
	return &Memory{hub: &memoryHub{listening: map[Endpoint]*acceptQueue{}}, packetSize: defaultMemoryPacket}
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
	queue := m.hub.find(endpoint)
	if queue == nil {
		return nil, &ConnectError{Endpoint: endpoint.String(), Kind: ErrNotFound}
	}
	client, server := memoryPair(int(m.packetSize))
	closed := false
	err := queue.await(w, func() bool {
		closed = queue.closed
		if closed || len(queue.waiting) >= queue.backlog {
			return closed
		}
		queue.waiting = append(queue.waiting, server)
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
	queue := &acceptQueue{backlog: backlog}
	queue.init()
	m.hub.listening[endpoint] = queue
	return &memoryListener{hub: m.hub, endpoint: endpoint, queue: queue}, nil
}

// memoryHub is the endpoints that are served.
type memoryHub struct {
	mu        sync.Mutex
	listening map[Endpoint]*acceptQueue
}

func (h *memoryHub) find(endpoint Endpoint) *acceptQueue {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.listening[endpoint]
}

// acceptQueue is the connections of an endpoint that wait to be accepted.
type acceptQueue struct {
	monitor
	waiting []*memoryLink
	backlog int
	closed  bool
}

type memoryListener struct {
	hub      *memoryHub
	endpoint Endpoint
	queue    *acceptQueue
}

func (l *memoryListener) Accept(w Wait) (Baseline, error) {
	var link *memoryLink
	queue := l.queue
	err := queue.await(w, func() bool {
		if len(queue.waiting) > 0 {
			link, queue.waiting = queue.waiting[0], queue.waiting[1:]
		}
		return link != nil || queue.closed
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
	if l.hub.listening[l.endpoint] == l.queue {
		delete(l.hub.listening, l.endpoint)
	}
	l.hub.mu.Unlock()
	var waiting []*memoryLink
	l.queue.change(func() {
		l.queue.closed = true
		waiting, l.queue.waiting = l.queue.waiting, nil
	})
	for _, link := range waiting {
		_ = link.Close()
	}
	return nil
}

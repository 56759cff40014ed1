package conformance

import (
	"os"
	"strings"
	"sync"

	"github.com/netipc/netipc/go/internal/rundir"
	"github.com/netipc/netipc/go/transport"
)

// endpointRules are the rules of connecting, listening and choosing the data plane.
var endpointRules = []linkRule{
	{"nobody is not found", nobodyThere},
	{"an endpoint has one owner", oneOwner},
	{"a closed listener gives its name back", nameGivenBack},
	{"of many starters one wins", oneStarterWins},
	{"accepting ends at deadline and abort", acceptingEnds},
	{"accepting never waits for words", acceptingSilent},
	{"words before the acceptance arrive", earlyWords},
	{"a visitor that left harms nobody", visitorLeft},
	{"a watch tells of a hang-up", watched},
	{"connecting to a full backlog ends at deadline and abort", fullBacklog},
	{"a raised abort stops a connect", abortedConnect},
	{"services of one directory do not meet", otherService},
	{"our own user is allowed", ownUser},
	{"the packet size is carried both ways", packetSize},
	{"a baseline without an offer is the data plane", noOffer},
	{"an offer is kept or harmless", offers},
	{"a request may precede the switch", earlyRequest},
	{"a missing region is not usable", missingRegion},
}

func nobodyThere(r *linkRig) {
	_, err := r.transport.Connect(r.endpoint, transport.Timeout(Soon))
	r.is(err, transport.ErrNotFound)
	if !strings.Contains(err.Error(), r.endpoint.String()) {
		r.Fatalf("%v does not name the endpoint", err)
	}
}

func oneOwner(r *linkRig) {
	listener := r.listener(transport.BindOptions{})
	if listener.Endpoint() != r.endpoint {
		r.Fatalf("it listens at %v", listener.Endpoint())
	}
	for range 3 {
		_, err := r.transport.Bind(r.endpoint, transport.BindOptions{})
		r.is(err, transport.ErrAddressInUse)
	}
	r.connect()
	// Attempts to bind may have knocked before the client.
	for range 4 {
		if r.accept(listener).Check() == nil {
			return
		}
	}
	r.Fatal("the first owner does not go on")
}

func nameGivenBack(r *linkRig) {
	for range 3 {
		client, server := r.baselines()
		r.files(0)
		if !rundir.SessionsKeepTheName {
			nobodyThere(r)
		}
		r.say(client, []byte("lives on"))
		r.hear(server, []byte("lives on"))
		if rundir.SessionsKeepTheName {
			r.no(client.Close())
			r.no(server.Close())
			nobodyThere(r)
			r.no(r.listener(transport.BindOptions{}).Close())
		}
	}
}

func oneStarterWins(r *linkRig) {
	for range 10 {
		var mu sync.Mutex
		var winners []transport.Listener
		var losers []error
		var starters sync.WaitGroup
		for range 4 {
			starters.Add(1)
			go func() {
				defer starters.Done()
				listener, err := r.transport.Bind(r.endpoint, transport.BindOptions{})
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					losers = append(losers, err)
				} else {
					winners = append(winners, listener)
				}
			}()
		}
		starters.Wait()
		for _, err := range losers {
			r.is(err, transport.ErrAddressInUse)
		}
		if len(winners) != 1 {
			r.Fatalf("%d starters have won", len(winners))
		}
		client := r.connect()
		server := r.accept(winners[0])
		r.no(winners[0].Close())
		r.no(client.Close())
		r.no(server.Close())
	}
}

func acceptingEnds(r *linkRig) {
	listener := r.listener(transport.BindOptions{})
	accept := func(w transport.Wait) error {
		_, err := listener.Accept(w)
		return err
	}
	r.is(r.within(Short+AtOnce, "the timeout", func() error {
		return accept(transport.Timeout(Short))
	}), transport.ErrTimeout)
	for range 20 {
		r.aborted(accept)
	}
	r.connect()
	r.accept(listener)
	r.no(listener.Close())
	r.no(listener.Close())
	r.is(accept(transport.Timeout(Soon)), transport.ErrClosed)
}

func acceptingSilent(r *linkRig) {
	listener := r.listener(transport.BindOptions{})
	for range 4 {
		r.connect()
	}
	for range 4 {
		r.no(r.within(AtOnce, "accepting", func() error {
			r.accept(listener)
			return nil
		}))
	}
}

func earlyWords(r *linkRig) {
	listener := r.listener(transport.BindOptions{})
	client := r.connect()
	r.say(client, []byte("hello"))
	r.say(client, []byte("hello?"))
	server := r.accept(listener)
	r.hear(server, []byte("hello"))
	r.hear(server, []byte("hello?"))
}

func visitorLeft(r *linkRig) {
	listener := r.listener(transport.BindOptions{})
	r.no(r.connect().Close())
	r.is(receive(r.accept(listener), transport.Timeout(Soon)), transport.ErrDisconnected)
	client := r.connect()
	server := r.accept(listener)
	r.say(client, []byte("x"))
	r.hear(server, []byte("x"))
}

// watched: a watch tells that the peer has hung up, or that our own end is closed, whoever has the connection.
func watched(r *linkRig) {
	listener := r.listener(transport.BindOptions{})
	ends := func() (client, server transport.Baseline, hasHungUp func() bool) {
		client = r.connect()
		server = r.accept(listener)
		watcher, ok := server.(transport.PeerWatcher)
		if !ok {
			r.Fatal("every transport can tell")
		}
		if hasHungUp = watcher.PeerWatch(); hasHungUp() {
			r.Fatal("nobody has hung up")
		}
		return client, server, hasHungUp
	}
	client, server, hasHungUp := ends()
	r.no(client.Close())
	r.is(receive(server, transport.Timeout(Soon)), transport.ErrDisconnected)
	if !hasHungUp() {
		r.Fatal("the peer has")
	}
	_, server, hasHungUp = ends()
	r.no(server.Close())
	if !hasHungUp() {
		r.Fatal("we have")
	}
}

func fullBacklog(r *linkRig) {
	listener := r.listener(transport.BindOptions{Backlog: 1})
	connect := func(w transport.Wait) error {
		link, err := r.transport.Connect(r.endpoint, w)
		if err == nil {
			r.Cleanup(func() { _ = link.Close() })
		}
		return err
	}
	waiting := 0
	var full error
	for ; full == nil; waiting++ {
		if waiting == 20 {
			r.Fatal("a backlog of 1 is never full")
		}
		full = r.within(Short+AtOnce, "connecting", func() error { return connect(transport.Timeout(Short)) })
	}
	r.is(full, transport.ErrTimeout)
	r.aborted(connect)

	late := make(chan error)
	go func() { late <- connect(transport.Timeout(Soon)) }()
	for range waiting {
		r.accept(listener)
	}
	r.no(<-late)
}

func abortedConnect(r *linkRig) {
	r.listener(transport.BindOptions{})
	var abort transport.Abort
	abort.Raise()
	_, err := r.transport.Connect(r.endpoint, transport.Wait{Abort: &abort})
	r.is(err, transport.ErrAborted)
}

func otherService(r *linkRig) {
	listener := r.listener(transport.BindOptions{})
	other, err := transport.NewEndpoint(r.endpoint.RunDir(), "svc-extra")
	r.no(err)
	stranger, err := r.transport.Bind(other, transport.BindOptions{})
	r.no(err)
	defer stranger.Close()
	client := r.connect()
	r.say(client, []byte("for svc"))
	_, err = stranger.Accept(transport.Timeout(Short))
	r.is(err, transport.ErrTimeout)
	r.hear(r.accept(listener), []byte("for svc"))
}

func ownUser(r *linkRig) {
	client, server := r.baselines()
	if !server.PeerAllowed() || !client.PeerAllowed() {
		r.Fatalf("not allowed: %+v, %+v", server.Info(), client.Info())
	}
	if pid, known := server.Info().Peer.PID(); known && pid != uint32(os.Getpid()) {
		r.Fatalf("the peer is %v", server.Info().Peer)
	}
}

func packetSize(r *linkRig) {
	client, server := r.baselines()
	size := int(min(client.PacketSize(), server.PacketSize()))
	if size <= 32 {
		r.Fatal("no room for a header and a byte")
	}
	packet := bytesOf(size, 5)
	r.say(client, packet)
	r.hear(server, packet)
	r.say(server, packet)
	r.hear(client, packet)
}

func noOffer(r *linkRig) {
	client, server := r.baselines()
	r.say(client, []byte("before"))
	r.hear(server, []byte("before"))
	link := server.Switch()
	if link.Info().Kind != client.Info().Kind {
		r.Fatalf("it is %v now", link.Info().Kind)
	}
	r.say(client, []byte("after"))
	r.hear(link, []byte("after"))
}

func offers(r *linkRig) {
	client, server := r.baselines()
	if r.profile == transport.ProfileBaseline {
		r.is(server.Offer(transport.SessionPlan{Profile: 0x8000_0000}), transport.ErrUnsupported)
		r.converse(client, server.Switch())
		return
	}
	for _, id := range []uint64{1, 2, 2} {
		r.no(server.Offer(r.smallPlan(id)))
	}
	// One region, of a profile that has names.
	if r.profile&(0x02|0x04) != 0 {
		r.files(1)
	}
	r.acceptSession(client, server)
	attached, link := r.attach(client, r.smallPlan(2)), server.Switch()
	r.Cleanup(func() { _ = link.Close() })
	r.converse(attached, link)
	// What was handed over is closed by its new owner alone.
	r.no(client.Close())
	r.no(server.Close())
	r.converse(attached, link)
	r.no(link.Close())
	r.files(0)
}

func earlyRequest(r *linkRig) {
	baseline, server := r.baselines()
	r.no(server.Offer(r.smallPlan(1)))
	r.acceptSession(baseline, server)
	client := r.attach(baseline, r.smallPlan(1))
	r.say(client, []byte("already"))
	link := server.Switch()
	defer link.Close()
	r.hear(link, []byte("already"))
}

func missingRegion(r *linkRig) {
	client, _ := r.baselines()
	r.is(r.within(Soon, "giving up", func() error {
		plan := r.smallPlan(9)
		if plan.Profile == transport.ProfileBaseline {
			// One that is no transport's.
			plan.Profile = 0x8000_0000
		}
		_, err := client.Attach(plan, transport.Wait{})
		return err
	}), transport.ErrUnusable)
}

func (r *linkRig) converse(client, server transport.Link) {
	r.Helper()
	r.say(client, []byte("question"))
	r.hear(server, []byte("question"))
	r.say(server, []byte("answer"))
	r.hear(client, []byte("answer"))
}

func (r *linkRig) smallPlan(id uint64) transport.SessionPlan {
	return transport.SessionPlan{
		Profile:       r.profile,
		SessionID:     id,
		AuthToken:     42,
		RequestBytes:  100,
		ResponseBytes: 1000,
	}
}

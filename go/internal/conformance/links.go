package conformance

import (
	"errors"
	"slices"
	"time"

	"github.com/netipc/netipc/go/transport"
)

// linkRules are the rules of a connected link.
var linkRules = []linkRule{
	{"packets arrive whole, in order and once", packetsArrive},
	{"the largest packet arrives", largestPacket},
	{"a packet may be split anywhere", splitAnywhere},
	{"a packet that does not fit tells its size", cutPacket},
	{"empty and too large packets are refused", refusedPackets},
	{"a receive ends at its deadline", receiveDeadline},
	{"a passed deadline takes what is there", passedDeadline},
	{"an abort ends a waiting receive", receiveAbort},
	{"an abort is sticky and harms nothing", stickyAbort},
	{"a sender never overruns a receiver", noOverrun},
	{"a waiting send ends at deadline and abort", waitingSend},
	{"a client's last words are received", clientsLastWords},
	{"a server's last words are received", serversLastWords},
	{"a hang-up wakes who receives", hangUpWakes},
	{"a check sees the end and consumes nothing", checkSeesEnd},
	{"lingering delivers the last packet", lingeringDelivers},
	{"lingering ends", lingeringEnds},
	{"a departed peer is reported", departedPeer},
	{"both ends say the same of the link", sameInfo},
	{"nothing is left behind", nothingLeft},
	{"a closed link is of no use and harms nobody", closedLink},
	{"a long conversation of two", longConversation},
	{"the steady path allocates nothing", steadyAllocations},
}

func packetsArrive(r *linkRig) {
	client, server := r.pair()
	for seed, size := range []int{1, 2, 31, 32, 33, 64, 1000, 4096} {
		request, response := bytesOf(size, seed), bytesOf(size, ^seed)
		r.say(client, request)
		r.hear(server, request)
		r.say(server, response)
		r.hear(client, response)
	}
	if pipelines(client) {
		for seed := 1; seed < 9; seed++ {
			r.say(client, bytesOf(seed, seed))
		}
		for seed := 1; seed < 9; seed++ {
			r.hear(server, bytesOf(seed, seed))
		}
	}
	for _, link := range []transport.Link{client, server} {
		r.is(receive(link, transport.Timeout(Short)), transport.ErrTimeout)
	}
}

func largestPacket(r *linkRig) {
	client, server := r.pair()
	request := bytesOf(client.Info().MaxPacket, 1)
	r.say(client, request)
	r.hear(server, request)
	response := bytesOf(server.Info().MaxPacket, 2)
	r.say(server, response)
	r.hear(client, response)
}

func splitAnywhere(r *linkRig) {
	client, server := r.pair()
	for _, size := range []int{100, 4900} {
		packet := bytesOf(size, 3)
		for _, cut := range []int{0, 1, 32, size - 1, size} {
			r.no(client.Send(packet[:cut], packet[cut:], transport.Timeout(Soon)))
			r.hear(server, packet)
			r.say(server, []byte("next"))
			r.hear(client, []byte("next"))
		}
	}
}

func cutPacket(r *linkRig) {
	client, server := r.pair()
	packet := bytesOf(500, 4)
	r.say(client, packet)
	front := make([]byte, 100)
	size, err := server.Receive(front, transport.Timeout(Soon))
	r.no(err)
	if size != 500 || !slices.Equal(front, packet[:100]) {
		r.Fatalf("size %d, front % x", size, front)
	}
	r.say(server, []byte("whole again"))
	r.hear(client, []byte("whole again"))
}

func refusedPackets(r *linkRig) {
	client, server := r.pair()
	r.is(client.Send(nil, nil, transport.Timeout(Soon)), transport.ErrEmpty)
	limit := client.Info().MaxPacket
	var large *transport.TooLargeError
	err := client.Send([]byte{0}, make([]byte, limit), transport.Timeout(Soon))
	if !errors.As(err, &large) || large.Size != limit+1 || large.Limit != limit {
		r.Fatalf("got %v", err)
	}
	r.is(err, transport.ErrTooLarge)
	r.say(client, []byte("x"))
	r.hear(server, []byte("x"))
}

func receiveDeadline(r *linkRig) {
	client, server := r.pair()
	for _, link := range []transport.Link{client, server} {
		w := transport.Timeout(Short)
		r.is(r.within(Short+AtOnce, "the timeout", func() error { return receive(link, w) }), transport.ErrTimeout)
		if time.Now().Before(w.Deadline) {
			r.Fatal("it ended before the deadline")
		}
	}
	r.say(client, []byte("still here"))
	r.hear(server, []byte("still here"))
}

func passedDeadline(r *linkRig) {
	client, server := r.pair()
	passed := transport.Timeout(0)
	r.no(client.Send([]byte("x"), nil, passed))
	// A pipe hands a packet over a moment after it was sent.
	until := time.Now().Add(Soon)
	err := receive(server, passed)
	for errors.Is(err, transport.ErrTimeout) && time.Now().Before(until) {
		err = receive(server, passed)
	}
	r.no(err)
	r.is(receive(server, passed), transport.ErrTimeout)
}

func receiveAbort(r *linkRig) {
	client, server := r.pair()
	for _, link := range []transport.Link{client, server} {
		// Rounds, because the abort may come before, while or after the receiver falls asleep.
		for range 20 {
			r.aborted(func(w transport.Wait) error { return receive(link, w) })
		}
	}
	r.say(client, []byte("still here"))
	r.hear(server, []byte("still here"))
}

func stickyAbort(r *linkRig) {
	client, server := r.pair()
	var abort transport.Abort
	defer abort.Close()
	w := transport.Timeout(Soon).OrAbort(&abort)
	r.say(client, []byte("kept"))
	abort.Raise()
	for range 2 {
		r.is(receive(server, w), transport.ErrAborted)
		r.is(server.Send([]byte("x"), nil, w), transport.ErrAborted)
	}
	abort.Clear()
	r.no(receive(server, w))
}

func noOverrun(r *linkRig) {
	client, server := r.pair()
	sent := fill(r, client)
	if window := client.Info().Window; window > 0 && sent != window {
		r.Fatalf("%d packets went, the window is %d", sent, window)
	}
	for seed := range sent {
		r.hear(server, bytesOf(1000, seed))
	}
	r.say(server, []byte("room again"))
	r.hear(client, []byte("room again"))
	r.say(client, []byte("goes on"))
	r.hear(server, []byte("goes on"))
}

func waitingSend(r *linkRig) {
	client, _ := r.pair()
	fill(r, client)
	if !pipelines(client) {
		r.is(client.Send([]byte("x"), nil, transport.Wait{}), transport.ErrBusy)
		return
	}
	packet := make([]byte, 1000)
	r.is(r.within(Short+AtOnce, "the timeout", func() error {
		return client.Send(packet, nil, transport.Timeout(Short))
	}), transport.ErrTimeout)
	r.aborted(func(w transport.Wait) error { return client.Send(packet, nil, w) })
}

// fill sends packets of 1000 bytes until no more go; it returns their number.
func fill(r *linkRig, link transport.Link) int {
	r.Helper()
	for sent := range 10_000 {
		err := link.Send(bytesOf(1000, sent), nil, transport.Timeout(Short))
		if err != nil {
			r.is(err, transport.ErrTimeout, transport.ErrBusy)
			return sent
		}
	}
	r.Fatal("a link takes packets without end that nobody receives")
	return 0
}

func clientsLastWords(r *linkRig) {
	client, server := r.pair()
	r.say(client, []byte("last words"))
	r.no(client.Close())
	r.hear(server, []byte("last words"))
	for range 2 {
		r.is(receive(server, transport.Timeout(Soon)), transport.ErrDisconnected)
	}
}

func serversLastWords(r *linkRig) {
	client, server := r.pair()
	r.say(client, []byte("question"))
	r.hear(server, []byte("question"))
	r.say(server, []byte("last words"))
	r.no(server.Close())
	r.hear(client, []byte("last words"))
	r.is(receive(client, transport.Timeout(Soon)), transport.ErrDisconnected)
}

func hangUpWakes(r *linkRig) {
	for _, clientLeaves := range []bool{true, false} {
		stayer, leaver := r.pair()
		if clientLeaves {
			stayer, leaver = leaver, stayer
		}
		ended := make(chan error)
		go func() { ended <- receive(stayer, transport.Timeout(Soon)) }()
		r.no(leaver.Close())
		r.is(r.within(AtOnce, "the hang-up", func() error { return <-ended }), transport.ErrDisconnected)
	}
}

func checkSeesEnd(r *linkRig) {
	client, server := r.pair()
	r.no(client.Check())
	r.no(server.Check())
	r.say(client, []byte("kept"))
	r.no(client.Close())
	r.no(server.Check())
	r.hear(server, []byte("kept"))
	r.is(server.Check(), transport.ErrDisconnected)
}

func lingeringDelivers(r *linkRig) {
	client, server := r.pair()
	r.say(client, []byte("question"))
	if pipelines(client) {
		r.say(client, []byte("never read"))
	}
	r.hear(server, []byte("question"))
	r.say(server, []byte("the last packet"))
	gone := make(chan error)
	go func() {
		server.Linger()
		gone <- server.Close()
	}()
	r.hear(client, []byte("the last packet"))
	r.is(receive(client, transport.Timeout(Soon)), transport.ErrDisconnected)
	r.no(client.Close())
	r.no(<-gone)
}

func lingeringEnds(r *linkRig) {
	linger := func(link transport.Link) func() error {
		return func() error {
			link.Linger()
			return nil
		}
	}
	client, server := r.pair()
	r.no(client.Close())
	r.no(r.within(AtOnce, "lingering for nobody", linger(server)))
	r.no(server.Close())
	_, server = r.pair()
	r.no(r.within(AtOnce, "lingering for a peer that stays", linger(server)))
}

func departedPeer(r *linkRig) {
	client, server := r.pair()
	r.no(server.Close())
	if err := client.Send([]byte("anybody?"), nil, transport.Timeout(Soon)); err != nil {
		r.is(err, transport.ErrDisconnected, transport.ErrReset)
	}
	r.is(receive(client, transport.Timeout(Soon)), transport.ErrDisconnected, transport.ErrReset)
}

func sameInfo(r *linkRig) {
	left, right := r.pair()
	client, server := left.Info(), right.Info()
	if client.Kind != server.Kind || client.Window != server.Window || client.WholeMessages != server.WholeMessages {
		r.Fatalf("%+v and %+v", client, server)
	}
	if client.MaxPacket <= 32 || server.MaxPacket <= 32 {
		r.Fatal("no room for a header and a byte")
	}
}

func nothingLeft(r *linkRig) {
	client, server := r.pair()
	r.say(client, []byte("x"))
	r.hear(server, []byte("x"))
	r.no(server.Close())
	r.files(0)
	r.no(client.Close())
	client, server = r.pair()
	r.no(client.Close())
	r.no(server.Close())
	r.files(0)
}

func closedLink(r *linkRig) {
	client, server := r.pair()
	for _, link := range []transport.Link{client, server} {
		r.no(link.Close())
		r.no(link.Close())
		r.is(receive(link, transport.Timeout(Soon)), transport.ErrClosed)
		r.is(link.Send([]byte("x"), nil, transport.Timeout(Soon)), transport.ErrClosed)
		r.is(link.Check(), transport.ErrClosed)
		link.Linger()
		if native := link.WaitObject(); native != transport.NoWaitObject {
			r.Fatalf("a closed link has %d to watch", native)
		}
	}
}

func longConversation(r *linkRig) {
	const rounds = 2000
	client, server := r.pair()
	ended := make(chan error)
	go func() { ended <- echo(server, rounds) }()
	for round := range rounds {
		request := bytesOf(1+round%1500, round)
		r.say(client, request)
		r.hear(client, request)
	}
	r.no(<-ended)
}

func echo(link transport.Link, rounds int) error {
	packet := make([]byte, 1500)
	for range rounds {
		size, err := link.Receive(packet, transport.Timeout(Soon))
		if err != nil {
			return err
		}
		if err := link.Send(packet[:size], nil, transport.Timeout(Soon)); err != nil {
			return err
		}
	}
	return nil
}

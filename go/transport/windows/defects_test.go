//go:build windows

package windows

import (
	"strings"
	"testing"
	"time"

	win "golang.org/x/sys/windows"

	"github.com/netipc/netipc/go/transport"
)

func TestDefect33AClientThatComesAndLeavesHarmsNobody(t *testing.T) {
	s := newStage(t)
	l := s.bind()
	var abort transport.Abort
	defer abort.Close()
	ended := make(chan error)
	go func() { ended <- answerAll(l, transport.Wait{Abort: &abort}) }()
	for range 20 {
		// Sometimes more than there are instances.
		for range 3 {
			if handle, err := openPipe(s.endpoint.PipeName()); err == nil {
				closeHandle(handle)
			}
		}
		client := s.connect()
		s.say(client, "anybody?")
		s.hear(client, "anybody?")
		s.no(client.Close())
	}
	abort.Raise()
	s.is(<-ended, transport.ErrAborted)
}

// answerAll says back what the first packet of each client is, until the wait ends.
func answerAll(l *listener, w transport.Wait) error {
	for {
		server, err := l.Accept(w)
		if err != nil {
			return err
		}
		buf := make([]byte, 100)
		if size, err := server.Receive(buf, soon()); err == nil {
			err = server.Send(buf[:size], nil, soon())
			if err != nil {
				return err
			}
		}
		if err := server.Close(); err != nil {
			return err
		}
	}
}

func TestDefect34ASilentClientBlocksNeitherAcceptsNorTheEnd(t *testing.T) {
	s := newStage(t)
	l := s.bind()
	s.connect()
	s.within(atOnce, "accepting", func() {
		s.accept(l)
		client := s.connect()
		server := s.accept(l)
		s.say(client, "hello")
		s.hear(server, "hello")
	})
	s.connect()
	s.within(atOnce, "the end", func() { s.no(l.Close()) })
	ended, err := l.Accept(soon())
	if ended != nil || err != transport.ErrClosed {
		t.Error(ended, err)
	}
}

func TestDefect35LimitsAreThoseOfEachClient(t *testing.T) {
	s := newStage(t)
	l := s.bind()
	for id, bytes := range []uint64{100, 5000, 700} {
		client := s.connect()
		server := s.accept(l)
		of := plan(profileHybrid)
		of.SessionID, of.RequestBytes = uint64(id), bytes
		s.no(server.Offer(of))
		attached, err := client.Attach(of, soon())
		s.no(err)
		switched := server.Switch()
		if got := attached.Info().MaxPacket; got != int(bytes) {
			t.Errorf("%d bytes, want %d", got, bytes)
		}
		s.no(attached.Send(make([]byte, bytes), nil, soon()))
		size, err := switched.Receive(make([]byte, bytes), soon())
		if err != nil || size != int(bytes) {
			t.Error(size, err)
		}
		s.no(attached.Close())
		s.no(switched.Close())
	}
}

func TestDefect36ADeadPeerIsNoticedOnSharedMemory(t *testing.T) {
	for _, profile := range []uint32{profileHybrid, profileBusyWait} {
		for _, clientDies := range []bool{true, false} {
			s := newStage(t)
			stayer, dead := s.session(plan(profile))
			if clientDies {
				stayer, dead = dead, stayer
			}
			ended := make(chan error, 1)
			go func() {
				_, err := stayer.Receive(make([]byte, 100), soon())
				ended <- err
			}()
			// As the system does it for a process that dies: nothing is said in the region.
			dead.pipe.close()
			s.within(atOnce, "noticing", func() { s.is(<-ended, transport.ErrDisconnected) })
		}
	}
}

func TestDefect37NothingIsFlushed(t *testing.T) {
	s := newStage(t)
	l := s.bind()
	client := s.connect()
	server := s.accept(l)
	packet := make([]byte, 10_000)
	for client.Send(packet, nil, transport.Timeout(short)) == nil {
	}
	for server.Send(packet, nil, transport.Timeout(short)) == nil {
	}
	s.within(atOnce, "closing", func() {
		s.no(server.Close())
		s.no(client.Close())
		s.no(l.Close())
	})
}

func TestDefect38ASlowClientStillReadsWhy(t *testing.T) {
	s := newStage(t)
	l := s.bind()
	client := s.connect()
	server := s.accept(l)
	s.say(server, "another word")
	s.say(server, "because")
	server.Linger()
	s.no(server.Close())
	s.no(l.Close())
	s.hear(client, "another word")
	s.hear(client, "because")
	_, err := client.Receive(make([]byte, 100), soon())
	s.is(err, transport.ErrDisconnected)
}

func TestDefect39BusyWaitIsForThoseOnlyWhoAskForIt(t *testing.T) {
	for _, profile := range New().Profiles() {
		if profile.OnRequest != (profile.Bit == profileBusyWait) {
			t.Errorf("%+v", profile)
		}
		if profile.Bit == 0x08 {
			t.Error("0x08 is never offered")
		}
	}
}

func TestDefect40WhatTheServerWritesIsNotBelieved(t *testing.T) {
	of := plan(profileHybrid)
	good, fits := planLayout(of)
	header := good.encode(of.Profile)
	if decoded, err := decodeLayout(&header, good.size(), of); !fits || err != nil || decoded != good {
		t.Fatal(decoded, err)
	}
	for _, row := range []struct {
		at    int
		value byte
		why   string
	}{
		{0, 0, "magic"}, {4, 2, "version"}, {8, 64, "header length"}, {12, 4, "profile"},
		{16, 64, "lie in its header"}, {16, 129, "multiple of 64"}, {17, 1, "overlap"}, {20, 1, "multiple of 64"},
		{26, 1, "larger than its mapping"}, {29, 1, "needs"}, {30, 200, "larger than its mapping"},
	} {
		spoilt := header
		spoilt[row.at] = row.value
		if _, err := decodeLayout(&spoilt, good.size(), of); err == nil || !strings.Contains(err.Error(), row.why) {
			t.Errorf("byte %d: %v, want %s", row.at, err, row.why)
		}
	}
	endless := header
	endless[spinTriesAt+3] = 0xff
	if decoded, err := decodeLayout(&endless, good.size(), of); err != nil || decoded.spinTries != mostSpinTries {
		t.Error(decoded, err)
	}
	if pipeMode&win.PIPE_REJECT_REMOTE_CLIENTS == 0 {
		t.Error("clients of other machines are let in")
	}
}

func TestDefect40NobodyElseMayConnect(t *testing.T) {
	skipUnderWine(t, "access control lists")
	s := newStage(t)
	l := s.bind()
	descriptor, err := win.GetSecurityInfo(l.instances[0].handle, win.SE_KERNEL_OBJECT, win.DACL_SECURITY_INFORMATION)
	s.no(err)
	user, err := win.GetCurrentProcessToken().GetTokenUser()
	s.no(err)
	text := descriptor.String()
	if strings.Count(text, "(A;") != 2 || !strings.Contains(text, ";;;SY)") || !strings.Contains(text, user.User.Sid.String()) {
		t.Error(text)
	}
}

func TestTheFirstInstanceIsTheOnlyOne(t *testing.T) {
	skipUnderWine(t, "the flag for the first instance")
	s := newStage(t)
	s.bind()
	handle, err := createInstance(s.endpoint.PipeName(), true)
	if err != win.ERROR_ACCESS_DENIED {
		closeHandle(handle)
		t.Error(err)
	}
}

func TestARegionIsInTheNamesOfItsSession(t *testing.T) {
	skipUnderWine(t, `the isolation of Local\ between sessions`)
	s := newStage(t)
	made, err := createRegion(s.endpoint, plan(profileHybrid))
	s.no(err)
	defer made.close()
	name, err := objectName(s.endpoint, plan(profileHybrid), "mapping")
	s.no(err)
	if opened, err := openMapping(strings.Replace(name, `Local\`, `Global\`, 1)); err == nil {
		opened.unmap()
		t.Error("it is there for every session of the machine")
	}
}

func TestARegionOfTheSameNameIsNotTakenOver(t *testing.T) {
	s := newStage(t)
	for _, profile := range []uint32{profileHybrid, profileBusyWait} {
		made, err := createRegion(s.endpoint, plan(profile))
		s.no(err)
		if _, err := createRegion(s.endpoint, plan(profile)); err == nil {
			t.Error("there are two of one name")
		}
		made.close()
		again, err := createRegion(s.endpoint, plan(profile))
		s.no(err)
		again.close()
	}
}

func TestSharedMemoryKeepsItsRules(t *testing.T) {
	s := newStage(t)
	client, server := s.session(plan(profileHybrid))
	s.say(client, "question")
	s.is(client.Send([]byte("another"), nil, soon()), transport.ErrBusy)
	s.hear(server, "question")
	s.say(server, "answer")
	s.hear(client, "answer")
	// A message of no length, or one beyond its area.
	for _, length := range []uint32{0, 1 << 31} {
		client, server = newStage(t).session(plan(profileHybrid))
		s.say(client, "question")
		*client.outgoing.len = length
		_, err := server.Receive(make([]byte, 100), soon())
		s.is(err, transport.ErrProtocol)
	}
	// Two messages where one may be.
	client, server = newStage(t).session(plan(profileHybrid))
	client.outgoing.publish(1, []byte("one"), nil)
	client.outgoing.publish(2, []byte("two"), nil)
	_, err := server.Receive(make([]byte, 100), soon())
	s.is(err, transport.ErrProtocol)
	// Data on the pipe.
	client, server = newStage(t).session(plan(profileHybrid))
	s.no(client.pipe.send([]byte("stray"), nil, soon()))
	_, err = server.Receive(make([]byte, 100), soon())
	s.is(err, transport.ErrProtocol)
}

// Rule W25.
func TestWhatAnEventLoopWatchesIsSetByPacketsAndHangUps(t *testing.T) {
	s := newStage(t)
	l := s.bind()
	isSet := func(watched transport.WaitObject, limit time.Duration) bool {
		found, err := win.WaitForSingleObject(win.Handle(watched), uint32(limit/time.Millisecond))
		return err == nil && found == win.WAIT_OBJECT_0
	}
	if isSet(l.WaitObject(), 0) {
		t.Error("nobody waits to be accepted")
	}
	client := s.connect()
	if !isSet(l.WaitObject(), atOnce) {
		t.Error("a connection waits")
	}
	server := s.accept(l)
	if isSet(server.WaitObject(), 0) {
		t.Error("nothing waits")
	}
	s.say(client, "x")
	if !isSet(server.WaitObject(), atOnce) {
		t.Error("a packet waits")
	}
	s.hear(server, "x")
	if isSet(server.WaitObject(), 0) {
		t.Error("nothing waits any more")
	}
	s.no(client.Close())
	if !isSet(server.WaitObject(), atOnce) {
		t.Error("the peer has hung up")
	}
}

func TestNoHandleIsLeftBehind(t *testing.T) {
	life := func() {
		for _, profile := range []uint32{transport.ProfileBaseline, profileHybrid, profileBusyWait} {
			s := newStage(t)
			l := s.bind()
			left := s.connect()
			right := s.accept(l)
			s.no(right.Offer(plan(profile)))
			client, err := left.Attach(plan(profile), soon())
			s.no(err)
			server := right.Switch()
			s.say(client, "x")
			s.hear(server, "x")
			s.no(client.Close())
			s.no(server.Close())
			s.no(l.Close())
		}
	}
	life()
	before := handles(t)
	for range 10 {
		life()
	}
	// The runtime may have made a thread meanwhile; a leak would be one a life.
	if after := handles(t); after >= before+10 {
		t.Errorf("%d handles were %d", after, before)
	}
}

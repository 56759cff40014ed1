package session_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/netipc/netipc/go/internal/session"
	"github.com/netipc/netipc/go/protocol"
)

// limitsOf returns the same limits in both directions.
func limitsOf(payload, items, packet uint32) session.Limits {
	direction := session.DirectionLimits{PayloadBytes: payload, BatchItems: items}
	return session.Limits{Request: direction, Response: direction, PacketSize: packet}
}

var wide = limitsOf(1000, 4, 4096)

func client(limits session.Limits) *session.Session {
	return session.New(session.RoleClient, limits, session.FramingChunked)
}

func server(limits session.Limits) *session.Session {
	return session.New(session.RoleServer, limits, session.FramingChunked)
}

func request(id uint64) protocol.Header {
	return protocol.RequestHeader(protocol.MethodIncrement, id)
}

func encoded(header protocol.Header) []byte {
	var bytes [protocol.HeaderLen]byte
	header.Encode(&bytes)
	return bytes[:]
}

// pattern returns size bytes that differ from one seed to the next.
func pattern(seed, size int) []byte {
	bytes := make([]byte, size)
	for i := range bytes {
		bytes[i] = byte(seed + 31*i + i>>8)
	}
	return bytes
}

// send returns the packets of a message.
func send(t testing.TB, from *session.Session, header protocol.Header, payload []byte) [][]byte {
	t.Helper()
	packets, err := from.Send(header, payload)
	if err != nil {
		t.Fatal(err)
	}
	var all [][]byte
	var head [protocol.HeaderLen]byte
	for left := packets.Len(); left > 0; left-- {
		if packets.Len() != left {
			t.Fatalf("%d packets are left, want %d", packets.Len(), left)
		}
		body, _ := packets.Next(&head)
		all = append(all, slices.Concat(head[:], body))
	}
	if _, more := packets.Next(&head); more {
		t.Fatal("more packets than announced")
	}
	return all
}

// deliver hands a packet over as a link does: its front to where there is space, and its true length.
func deliver(to *session.Session, packet []byte) (session.Message, bool, error) {
	copy(to.Space(), packet)
	complete, err := to.Received(len(packet))
	message, _ := to.Message()
	return message, complete, err
}

// deliverAll hands all packets over, of which the last completes a message.
func deliverAll(t testing.TB, to *session.Session, packets [][]byte) session.Message {
	t.Helper()
	for i, packet := range packets {
		message, complete, err := deliver(to, packet)
		if err != nil {
			t.Fatalf("packet %d: %v", i, err)
		}
		if last := i == len(packets)-1; complete != last {
			t.Fatalf("packet %d of %d: complete is %t", i, len(packets), complete)
		} else if last {
			return message
		}
	}
	t.Fatal("no packets")
	return session.Message{}
}

func is(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got %v, want %v", err, want)
	}
}

// waiting returns a client that waits for the answers to ids.
func waiting(t *testing.T, ids ...uint64) *session.Session {
	s := client(wide)
	for _, id := range ids {
		send(t, s, request(id), nil)
	}
	return s
}

func answer(t *testing.T, id uint64, payload []byte) []byte {
	return send(t, server(wide), request(id).Answer(protocol.StatusOK), payload)[0]
}

func TestRequestAndAnswer(t *testing.T) {
	c, s := client(wide), server(wide)
	asked := deliverAll(t, s, send(t, c, request(9), []byte("ask")))
	if asked.Header.MessageID != 9 || asked.Header.PayloadLen != 3 || string(asked.Payload) != "ask" {
		t.Fatalf("%+v", asked)
	}
	answered := deliverAll(t, c, send(t, s, asked.Header.Answer(protocol.StatusOK), []byte("answer")))
	if answered.Header.Kind != protocol.KindResponse || string(answered.Payload) != "answer" {
		t.Fatalf("%+v", answered)
	}
	if c.InFlight() != 0 || c.Limits() != wide {
		t.Fatalf("%d in flight, %+v", c.InFlight(), c.Limits())
	}
}

func TestEnvelopeIsCheckedFirst(t *testing.T) {
	for at, want := range map[int]error{
		0: protocol.ErrBadMagic, 4: protocol.ErrBadVersion, 6: protocol.ErrBadHeaderLen, 8: protocol.ErrBadKind,
	} {
		packet := encoded(request(1))
		packet[at] = 9
		_, _, err := deliver(server(wide), packet)
		is(t, err, session.ErrEnvelope)
		is(t, err, want)
	}
	for _, size := range []int{0, 1, 31} {
		// What an earlier packet left in the space must not count.
		s := server(wide)
		deliverAll(t, s, [][]byte{encoded(request(1))})
		_, _, err := deliver(s, encoded(request(2))[:size])
		is(t, err, protocol.ErrTruncated)
		_, _, err = deliver(s, encoded(request(3)))
		is(t, err, session.ErrEnded)
	}
}

// Rule W19.
func TestReceiveChecksInOrder(t *testing.T) {
	// Each step breaks one rule more, from the last to the first. A byte too many is looked at last.
	packet := append(answer(t, 7, nil), 0)
	steps := []struct {
		spoil func()
		want  error
	}{
		{func() {}, session.ErrUnknownMessageID},
		{func() { packet[20] = 5 }, session.ErrLimitExceeded},
		{func() { packet[17] = 0xff }, session.ErrLimitExceeded},
		{func() { packet[8] = 3 }, session.ErrKind},
		{func() { packet[0] = 0 }, session.ErrEnvelope},
	}
	for i, step := range steps {
		step.spoil()
		_, _, err := deliver(waiting(t, 1), packet)
		is(t, err, step.want)
		var broken *session.Error
		if !errors.As(err, &broken) {
			t.Fatal(err)
		}
		if i == 1 && broken.Field != "item_count" || i == 2 && broken.Field != "payload_len" {
			t.Fatalf("step %d: %v", i, err)
		}
	}
	_, _, err := deliver(waiting(t, 7), append(answer(t, 7, nil), 0))
	is(t, err, session.ErrChunk)
}

// Rule W20.
func TestKindAgainstRole(t *testing.T) {
	for _, kind := range []protocol.Kind{protocol.KindResponse, protocol.KindControl} {
		header := request(1)
		header.Kind = kind
		_, _, err := deliver(server(wide), encoded(header))
		is(t, err, session.ErrKind)
		c := client(wide)
		_, err = c.Send(header, nil)
		is(t, err, session.ErrKind)
		send(t, c, request(1), nil)
	}
	_, _, err := deliver(waiting(t, 1), encoded(request(1)))
	is(t, err, session.ErrKind)
	_, err = server(wide).Send(request(1), nil)
	is(t, err, session.ErrKind)
}

// Rule W21.
func TestSendChecksLimitsBeforeAByteLeaves(t *testing.T) {
	c := client(wide)
	_, err := c.Send(request(1), make([]byte, 1001))
	is(t, err, session.ErrLimitExceeded)
	_, err = c.Send(protocol.BatchHeader(1, 1, 5), nil)
	is(t, err, session.ErrLimitExceeded)
	header := request(1)
	header.ItemCount = 5
	_, err = c.Send(header, nil)
	is(t, err, session.ErrLimitExceeded)
	if c.InFlight() != 0 {
		t.Fatal("a refused request is in flight")
	}
	message := deliverAll(t, server(wide), send(t, c, request(1), make([]byte, 1000)))
	if len(message.Payload) != 1000 {
		t.Fatal("what is at the limit passes")
	}
}

func TestIDs(t *testing.T) {
	c := waiting(t, 1, 2, 3, 0)
	_, err := c.Send(request(2), nil)
	is(t, err, session.ErrDuplicateMessageID)
	// Answers come in any order.
	for _, id := range []uint64{3, 1} {
		deliverAll(t, c, [][]byte{answer(t, id, nil)})
	}
	c.Retract(2)
	send(t, c, request(1), nil)
	if ids := c.Fail(); !slices.Equal(ids, []uint64{0, 1}) {
		t.Fatalf("%v had no answer", ids)
	}
	_, err = c.Send(request(9), nil)
	is(t, err, session.ErrEnded)

	c = waiting(t, 1)
	_, _, err = deliver(c, answer(t, 2, nil))
	is(t, err, session.ErrUnknownMessageID)
	if ids := c.Fail(); !slices.Equal(ids, []uint64{1}) {
		t.Fatalf("%v had no answer", ids)
	}
	// The server echoes ids and tracks none.
	s := server(wide)
	for range 2 {
		deliverAll(t, s, [][]byte{encoded(request(5))})
	}
	if s.InFlight() != 0 {
		t.Fatal("a server tracks ids")
	}
}

func TestManyRequestsInFlight(t *testing.T) {
	c := client(wide)
	for id := range uint64(1000) {
		send(t, c, request(id), nil)
		if id >= 10 {
			deliverAll(t, c, [][]byte{answer(t, id-10, nil)})
		}
	}
	if ids := c.Fail(); len(ids) != 10 || ids[0] != 990 {
		t.Fatalf("%v had no answer", ids)
	}
}

func TestWhatTheServerAnswersBeforeItCloses(t *testing.T) {
	batch := protocol.BatchHeader(1, 3, 2)
	batch.PayloadLen = 1001
	broken := protocol.BatchHeader(1, 3, 2)
	broken.PayloadLen = 8
	none := protocol.BatchHeader(1, 3, 0)
	odd := request(3)
	odd.Kind = protocol.KindControl
	for _, row := range []struct {
		header protocol.Header
		body   int
		status protocol.Status
	}{
		{batch, 0, protocol.StatusLimitExceeded},
		{broken, 8, protocol.StatusBadEnvelope},
		{none, 0, protocol.StatusBadEnvelope},
		{odd, 0, protocol.StatusOK},
	} {
		_, _, err := deliver(server(wide), append(encoded(row.header), make([]byte, row.body)...))
		var failed *session.Error
		if !errors.As(err, &failed) {
			t.Fatal(err)
		}
		answer, told := failed.Answer()
		if told != (row.status != protocol.StatusOK) {
			t.Fatalf("%v: told is %t", err, told)
		}
		if told && (answer.Status != row.status || answer.MessageID != 3 || answer.ItemCount != 1) {
			t.Fatalf("%v: %+v", err, answer)
		}
	}
}

func TestBatches(t *testing.T) {
	directory := []byte{0, 0, 0, 0, 3, 0, 0, 0, 8, 0, 0, 0, 2, 0, 0, 0}
	payload := append(directory, 'a', 'b', 'c', 0, 0, 0, 0, 0, 'd', 'e')
	message := deliverAll(t, server(wide), send(t, client(wide), protocol.BatchHeader(1, 1, 2), payload))
	items := message.Batch
	if items.Len() != 2 || !bytes.Equal(items.Get(1), []byte("de")) {
		t.Fatalf("%v", items)
	}
	for at, want := range map[int]error{0: protocol.ErrBadAlignment, 12: protocol.ErrOutOfBounds} {
		spoilt := slices.Clone(payload)
		spoilt[at] = 3
		_, _, err := deliver(server(wide), send(t, client(wide), protocol.BatchHeader(1, 1, 2), spoilt)[0])
		is(t, err, session.ErrBatch)
		is(t, err, want)
	}
	// An error reply to a batch is not taken for one.
	c := client(wide)
	header := protocol.BatchHeader(1, 1, 2)
	send(t, c, header, payload)
	reply := header.Answer(protocol.StatusInternalError)
	reply.Flags, reply.ItemCount = protocol.FlagBatch, 2
	deliverAll(t, c, [][]byte{encoded(reply)})
}

func TestWholeFraming(t *testing.T) {
	limits := limitsOf(1000, 1, 64)
	whole := func(role session.Role) *session.Session { return session.New(role, limits, session.FramingWhole) }
	packets := send(t, whole(session.RoleClient), request(1), pattern(1, 1000))
	if len(packets) != 1 {
		t.Fatalf("%d packets", len(packets))
	}
	message := deliverAll(t, whole(session.RoleServer), packets)
	if !bytes.Equal(message.Payload, pattern(1, 1000)) {
		t.Fatal("another payload")
	}
	// The published length is that of the message.
	for _, packet := range [][]byte{packets[0][:1031], append(packets[0], 0)} {
		_, _, err := deliver(whole(session.RoleServer), packet)
		is(t, err, session.ErrChunk)
	}
}

func TestSteadySessionAllocatesNothing(t *testing.T) {
	limits := limitsOf(1000, 1, 256)
	c, s := client(limits), server(limits)
	payload := pattern(1, 1000)
	var head [protocol.HeaderLen]byte
	pass := func(from, to *session.Session, header protocol.Header) {
		packets, err := from.Send(header, payload)
		for err == nil && packets.Len() > 0 {
			body, _ := packets.Next(&head)
			space := to.Space()
			size := copy(space, head[:])
			size += copy(space[size:], body)
			_, err = to.Received(size)
		}
		if err != nil {
			t.Error(err)
		}
	}
	id := uint64(0)
	allocations := testing.AllocsPerRun(100, func() {
		id++
		pass(c, s, request(id))
		message, _ := s.Message()
		pass(s, c, message.Header.Answer(protocol.StatusOK))
	})
	if allocations != 0 {
		t.Errorf("%v allocations per round trip", allocations)
	}
}

func TestAServerAnswersAClientWithoutBatches(t *testing.T) {
	// What a HELLO with max_request_batch_items 0 agrees on.
	s := server(limitsOf(1000, 0, 256))
	answer := request(1).Answer(protocol.StatusOK)
	if _, err := s.Send(answer, nil); answer.ItemCount != 1 || err != nil {
		t.Fatalf("%d items: %v", answer.ItemCount, err)
	}
	batch := protocol.BatchHeader(protocol.MethodIncrement, 1, 1).Answer(protocol.StatusOK)
	_, err := s.Send(batch, nil)
	is(t, err, session.ErrLimitExceeded)
}

package connection

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/netipc/netipc/go/internal/native"
	"github.com/netipc/netipc/go/internal/session"
	"github.com/netipc/netipc/go/internal/session/handshake"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/transport"
)

// Incoming is a client whose HELLO was checked, and that waits to be accepted or refused. It is used up
// by Accept, TurnDown or Close.
type Incoming struct {
	link  transport.Baseline
	offer handshake.Offer
	// The secret of the endpoint: on some platforms the names of shared objects are made with it.
	token    uint64
	refusing func(transport.Peer)
	// OnFailedOffer, unless nil, is told why a profile of shared memory could not be had, before the next one is tried.
	OnFailedOffer func(why string)
}

// Receive receives the HELLO of a fresh connection and checks it. Where there is no session, a
// refusal is sent and the link is closed; it fails with a link's error, or with the
// [*handshake.Refusal], which is not sent to a peer whose packet is no HELLO. Unless it is nil, refusing is told
// who is about to be sent a refusal, here or by what follows.
func Receive(
	link transport.Baseline, policy handshake.Policy, w transport.Wait, refusing func(transport.Peer),
) (*Incoming, error) {
	policy.PacketSize = link.PacketSize()
	// One byte more than a HELLO may have, so that a longer packet is seen to be longer.
	var hello [handshake.MaxHelloLen + 1]byte
	size, err := link.Receive(hello[:], w)
	if err != nil {
		_ = link.Close()
		return nil, err
	}
	allowed := link.PeerAllowed()
	offer, refusal := policy.Hello(hello[:min(size, len(hello))], allowed)
	if refusal != nil {
		if !allowed && refusal.Status == protocol.StatusAuthFailed {
			stranger := *refusal
			stranger.Why = "its user may not connect, whatever its token: " + link.Info().Peer.String()
			refusal = &stranger
		}
		return nil, refuse(link, refusal, w, refusing)
	}
	return &Incoming{link: link, offer: offer, token: policy.AuthToken, refusing: refusing}, nil
}

// maxSkipped is the session numbers that may be skipped for one client: more than a server has sessions.
const maxSkipped = 4096

// Accept accepts the session over the best profile that can be prepared, as the number that nextID gives.
// It is asked for another one where a number names what belongs to another server's session. A client with
// messages so long that there is no memory for them is refused: it may come back with less. It fails as [Receive] does.
func (i *Incoming) Accept(nextID func() uint64, w transport.Wait) (*Connection, error) {
	if limits := i.offer.Agreed(0).Limits; !native.HasRoom(uint64(limits.Request.PayloadBytes) + uint64(limits.Response.PayloadBytes)) {
		return nil, refuse(i.link, handshake.NoMemory(), w, i.refusing)
	}
	sessionID := nextID()
	agreed := i.offer.Agreed(sessionID)
	for skipped := 0; ; {
		err := i.link.Offer(sessionPlan(&agreed, i.token))
		if err == nil {
			break
		}
		if errors.Is(err, fs.ErrExist) && skipped < maxSkipped {
			skipped++
			sessionID = nextID()
			agreed = i.offer.Agreed(sessionID)
			continue
		}
		if i.OnFailedOffer != nil {
			i.OnFailedOffer(fmt.Sprintf("%v: %v", agreed.Profile, causeOf(err)))
		}
		offer, refusal := i.offer.WithoutProfile()
		if refusal != nil {
			return nil, refuse(i.link, refusal, w, i.refusing)
		}
		i.offer = offer
		agreed = offer.Agreed(sessionID)
	}
	ack := i.offer.Accept(sessionID)
	if err := sendPacket(i.link, ack[:], w); err != nil {
		_ = i.link.Close()
		return nil, err
	}
	return open(session.RoleServer, i.link.Switch(), agreed), nil
}

// causeOf returns the innermost error: what is around it names the session, and no two would be alike.
func causeOf(err error) error {
	for within := err; within != nil; within = errors.Unwrap(within) {
		err = within
	}
	return err
}

// PeerWatch returns what tells any goroutine whether the client has hung up, also once it has a session; nil
// where nothing does.
func (i *Incoming) PeerWatch() func() bool {
	if watched, ok := i.link.(transport.PeerWatcher); ok {
		return watched.PeerWatch()
	}
	return nil
}

// TurnDown refuses the session with why, because the server has as many as it may. It fails as [Receive] does.
func (i *Incoming) TurnDown(why *handshake.Refusal, w transport.Wait) error {
	return refuse(i.link, why, w, i.refusing)
}

// Peer returns who the client is.
func (i *Incoming) Peer() transport.Peer { return i.link.Info().Peer }

// Close ends the connection without an answer.
func (i *Incoming) Close() error { return i.link.Close() }

// refuse sends the refusal, unless it is silent, and closes the connection. It returns the refusal, or why
// it could not be sent.
func refuse(
	link transport.Baseline, refusal *handshake.Refusal, w transport.Wait, refusing func(transport.Peer),
) error {
	defer func() { _ = link.Close() }()
	packet, ok := refusal.Packet()
	if !ok {
		return refusal
	}
	if refusing != nil {
		refusing(link.Info().Peer)
	}
	if err := sendPacket(link, packet[:], w); err != nil {
		return err
	}
	link.Linger()
	return refusal
}

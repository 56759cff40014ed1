package generated_test

import (
	"net/netip"
	"testing"

	"github.com/netipc/netipc/go/internal/generated/ip_to_asn"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/transport"
)

var (
	known     = netip.MustParseAddr("192.0.2.7")
	other     = netip.MustParseAddr("2001:db8::1")
	addresses = []netip.Addr{known, other}
)

// answer knows one network.
func answer(request *ip_to_asn.Request, reply *ip_to_asn.Builder) error {
	reply.SetGeneration(3)
	for _, key := range request.Keys() {
		if key.Address != known {
			_ = reply.AddBare(ip_to_asn.LookupStatusUnknown)
			continue
		}
		_ = reply.Push(&ip_to_asn.Item{
			Asn: 64500, Address: key.Address, Country: [2]byte{'N', 'L'}, Organisation: protocol.CString(organisation),
		})
	}
	return reply.Err()
}

var organisation = []byte("Example Networks")

func serve(t *testing.T) ip_to_asn.ClientConfig {
	inside := transport.NewMemory()
	server := ip_to_asn.NewServer("run", "ip-to-asn", ip_to_asn.ServerConfig{Transport: inside}, answer)
	if err := server.Bind(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Run() }()
	t.Cleanup(func() {
		server.Stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return ip_to_asn.ClientConfig{Transport: inside}
}

func TestLookupsFindWhatIsKnown(t *testing.T) {
	client := ip_to_asn.NewClient("run", "ip-to-asn", serve(t))
	defer client.Close()
	client.Refresh()
	reply, err := client.Lookup(addresses)
	if err != nil {
		t.Fatal(err)
	}
	for i, item := range reply.Items() {
		if item.Address != addresses[i] || (item.Asn == 64500) != (item.Address == known) {
			t.Errorf("%+v", item)
		}
	}
}

func TestSteadyMessagesAllocateNothing(t *testing.T) {
	var keys protocol.LookupKeys[ip_to_asn.Key]
	var builder ip_to_asn.Builder
	var reply ip_to_asn.Reply
	var item ip_to_asn.Item
	buf := make([]byte, 1024)
	call := func() {
		keys.Start(len(addresses))
		for _, address := range addresses {
			if err := keys.Add(ip_to_asn.Key{Address: address}); err != nil {
				t.Fatal(err)
			}
		}
		request := must(ip_to_asn.DecodeRequest(keys.Request(0, keys.Len())))
		must(0, builder.Start(request, buf))
		must(0, answer(&request, &builder))
		must(0, reply.Decode(buf[:must(builder.Finish())]))
		for i := range reply.ItemCount {
			must(0, reply.Read(i, &item))
		}
		if _, same := reply.Answers(1, ip_to_asn.Key{Address: other}); !same {
			t.Error("the last item is for another key")
		}
	}
	call()
	if n := testing.AllocsPerRun(50, call); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestCacheFindsWhatIsKnown(t *testing.T) {
	cache := ip_to_asn.NewCache(ip_to_asn.NewClient("run", "ip-to-asn", serve(t)), addresses)
	defer cache.Close()
	if !cache.Refresh() {
		t.Fatal(cache.Status())
	}
	guard := cache.ReadLock()
	if guard.Len() != 2 || guard.Generation() != 3 {
		t.Error(guard.Len(), guard.Generation())
	}
	look := func() {
		item, found := guard.Get(known)
		if !found || string(item.Organisation.Bytes()) != string(organisation) || item.Status != ip_to_asn.LookupStatusKnown {
			t.Error(item, found)
		}
	}
	if n := testing.AllocsPerRun(50, look); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if item, found := guard.Get(other); !found || item.Status != ip_to_asn.LookupStatusUnknown {
		t.Error(item, found)
	}
	if _, found := guard.Get(netip.MustParseAddr("192.0.2.8")); found {
		t.Error("an address that was not asked for is there")
	}
}

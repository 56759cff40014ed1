package kinds

import (
	"encoding/json"
	"io"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service"
	"github.com/netipc/netipc/go/service/cgroups_snapshot"
	"github.com/netipc/netipc/go/transport"
)

// answer serves a document, and asks for keys.
func answer(t *testing.T, document string, keys ...string) *Reply {
	t.Helper()
	kind, err := OfDocument([]byte(document), "")
	if err != nil {
		t.Fatal(err)
	}
	content, err := kind.Read([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	handler := Fixed(kind, content)
	inside, quiet := transport.NewMemory(), slog.New(slog.NewTextHandler(io.Discard, nil))
	server := service.NewServer("run", kind.Name(), service.ServerConfig{Transport: inside, Logger: quiet}, handler)
	if err := server.Bind(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Run() }()
	defer func() {
		server.Stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	var asked [][]byte
	for _, key := range keys {
		asked = append(asked, []byte(key))
	}
	ask, err := kind.Ask(asked, len(keys) > 0)
	if err != nil {
		t.Fatal(err)
	}
	asker := ask("run", service.ClientConfig{Transport: inside, Logger: quiet})
	defer asker.Close()
	asker.RefreshContext(t.Context())
	reply, err := asker.Ask(0)
	if err != nil {
		t.Fatal(err)
	}
	return reply
}

func text(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestAShortMockIsEnough(t *testing.T) {
	t.Parallel()
	reply := answer(t, `{"service": "cgroups-snapshot", "systemd_enabled": 1, "items": [{"name": "web"}, {"name": "a", "hash": 0, "enabled": 0, "options": 65538}]}`)
	want := `{"service":"cgroups-snapshot","systemd_enabled":1,"generation":0,"items":[` +
		`{"hash":HASH,"options":0,"enabled":1,"name":"web","path":""},` +
		`{"hash":0,"options":65538,"enabled":0,"name":"a","path":""}]}`
	if found := text(t, reply.JSON); found != strings.Replace(want, "HASH", text(t, cgroups_snapshot.SimpleHash("web")), 1) {
		t.Error(found)
	}
	rows := [][]string{{"HASH", "OPTIONS", "ENABLED", "NAME", "PATH"}, {"00000000", "systemd-service,0x10000", "0", "a", ""}}
	if found := [][]string{reply.Rows[0], reply.Rows[2]}; !reflect.DeepEqual(found, rows) {
		t.Error(found)
	}
	if reply.Summary != "2 items, systemd_enabled 1, generation 0, " {
		t.Error(reply.Summary)
	}
	reply = answer(t, `{"service": "apps-lookup", "items": [{"pid": 4, "status": "unknown"}]}`, "4")
	if found := text(t, reply.JSON); !strings.Contains(found, `"uid":4294967295`) || reply.Summary != "1 item, generation 0, " {
		t.Error(found, reply.Summary)
	}
}

func TestExamplesOfSchemasAreServedAndAsked(t *testing.T) {
	t.Parallel()
	networks := `{"service": "ip-to-asn", "generation": 7, "items": [
		{"address": "192.0.2.7", "asn": 64500, "country": "NL", "organisation": "Example\u001b Networks"},
		{"address": "2001:db8::1", "asn": 64501}]}`
	reply := answer(t, networks, "192.0.2.7", "198.51.100.1", "2001:db8::1")
	rows := [][]string{
		{"ADDRESS", "STATUS", "ASN", "COUNTRY", "ORGANISATION"},
		{"192.0.2.7", "known", "64500", "NL", `Example\u{1b} Networks`},
		{"198.51.100.1", "unknown", "", "", ""},
		{"2001:db8::1", "known", "64501", "", ""},
	}
	if !reflect.DeepEqual(reply.Rows, rows) || reply.Summary != "3 items, generation 7, " {
		t.Error(reply.Rows, reply.Summary)
	}
	traffic := `{"service": "pid-traffic", "items": [{"pid": 7, "starttime": 99, "bytes_received": 10, "connections": 1}]}`
	want := `{"service":"pid-traffic","generation":0,"items":[` +
		`{"status":"known","pid":7,"starttime":99,"bytes_received":10,"bytes_sent":0,"packets_received":0,"packets_sent":0,"connections":1},` +
		`{"status":"unknown","pid":7,"starttime":1,"bytes_received":0,"bytes_sent":0,"packets_received":0,"packets_sent":0,"connections":0}]}`
	if found := text(t, answer(t, traffic, "7,99", "7,1").JSON); found != want {
		t.Error(found)
	}
}

func TestCodesAreNamesAndUnknownOnesNumbers(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]any{`"docker"`: "docker", "2": "docker", "99": uint64(99), `"unknown"`: "unknown"} {
		var code protocol.Orchestrator
		if err := readValue([]byte(raw), reflect.ValueOf(&code).Elem()); err != nil || shown(code) != want {
			t.Errorf("%s: %v, %v", raw, shown(code), err)
		}
	}
	for _, raw := range []string{`"gone"`, "65536", "-1", "true"} {
		var code protocol.CgroupStatus
		if err := readValue([]byte(raw), reflect.ValueOf(&code).Elem()); err == nil || !strings.Contains(err.Error(), "of it") {
			t.Errorf("%s: %v", raw, err)
		}
	}
}

func TestLabelsKeepTheirOrder(t *testing.T) {
	t.Parallel()
	const object = `{"z":"1","a":"","m":"é"}`
	labels, err := readLabels([]byte(object))
	if found := text(t, shown(labels)); err != nil || found != object {
		t.Error(found, err)
	}
	for _, object := range []string{`[["k", "v"]]`, `{"k": 1}`, `{"k": {}}`} {
		if _, err := readLabels([]byte(object)); err == nil {
			t.Error(object)
		}
	}
}

func TestKeysThatCannotBe(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ service, key, why string }{
		{"apps-lookup", "x", `"x" is no number from 0 to 4294967295`},
		{"apps-lookup", "4294967296", "is no number"},
		{"ip-to-asn", "192.0.2", "is no address"},
		{"ip-to-asn", "fe80::1%eth0", "is no address"},
		{"pid-traffic", "7", "it has 1 parts, not 2"},
		{"pid-traffic", "7,18446744073709551616", "is no number from 0 to 18446744073709551615"},
		{"increment", "-1", "is no number"},
		{"cgroups-snapshot", "x", "takes no keys"},
	} {
		kind, err := Find(test.service)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := kind.Ask([][]byte{[]byte(test.key)}, true); err == nil || !strings.Contains(err.Error(), test.why) {
			t.Errorf("%s %s: %v", test.service, test.key, err)
		}
	}
}

func TestFilesThatCannotBeServed(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ file, why string }{
		{`{"items": []}`, `no "service"`},
		{`{"service": "other", "items": []}`, `no service "other"`},
		{`{"service": "apps-lookup"}`, `missing field "items"`},
		{`{"service": "apps-lookup", "items": [], "systemd_enabled": 1}`, `unknown field "systemd_enabled"`},
		{`{"service": "apps-lookup", "items": [{"status": "unknown"}]}`, `items[0] cannot be served: missing field "pid"`},
		{`{"service": "apps-lookup", "items": [{"pid": 1, "status": "payload-exceeded"}]}`, "for the protocol alone"},
		{`{"service": "apps-lookup", "items": [{"pid": 1, "comm": ""}]}`, "items[0] cannot be served: comm length: expected 1, found 0"},
		{`{"service": "cgroups-lookup", "items": [{"path": ""}]}`, "path length"},
		{`{"service": "cgroups-lookup", "items": [{"path": "/a"}, {"path": "/a", "name": "x"}]}`, "items[1] cannot be served: it has the key of an earlier item"},
		{`{"service": "cgroups-lookup", "items": [{"path": "/a", "nam": "x"}]}`, `unknown field "nam"`},
		{`{"service": "cgroups-snapshot", "items": [{"name": "a\u0000b"}]}`, "name: "},
		{`{"service": "cgroups-snapshot", "items": [{"hash": 1}]}`, `missing field "name"`},
		{`{"service": "ip-to-asn", "items": [{"address": "192.0.2.7", "country": "NLD"}]}`, `country: "NLD" has more than 2 bytes`},
		{`{"service": "ip-to-asn", "items": [{"address": ""}]}`, `address: "" is no address`},
		{`{"service": "increment", "request": 1}`, `missing field "reply"`},
		{`{"service": "increment", "request": -1, "reply": 1}`, "-1"},
		{`{"service": "increment", "request": 1, "reply": 1} 1`, "after top-level value"},
		{`[]`, "array"},
	} {
		kind, err := OfDocument([]byte(test.file), "")
		if err == nil {
			_, err = kind.Read([]byte(test.file))
		}
		if err == nil || !strings.Contains(err.Error(), test.why) {
			t.Errorf("%s: %v", test.file, err)
		}
	}
}

func TestAKeyMayComeTwiceIfItSaysTheSame(t *testing.T) {
	t.Parallel()
	answer(t, `{"service": "cgroups-lookup", "items": [{"path": "/a"}, {"path": "/a", "status": "known"}]}`, "/a")
}

func TestBytesThatAreNotTextAreReplaced(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ bytes, want string }{
		{"plain é", "plain é"}, {"a\xffb", "a�b"}, {"\xe2\x82", "�"}, {"\xe2\x82x", "�x"}, {"\xf0\x9f\x98\xe2\x82\xac", "�€"},
		{"\xc0\xaf", "��"}, {"\xed\xa0\x80", "���"},
	} {
		if found := lossy(protocol.CString([]byte(test.bytes))); found != test.want {
			t.Errorf("%q: %q", test.bytes, found)
		}
	}
}

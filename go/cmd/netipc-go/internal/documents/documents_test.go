package documents

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service/cgroups_snapshot"
)

func read(t *testing.T, text string) any {
	t.Helper()
	document, err := Read([]byte(text), "")
	if err != nil {
		t.Fatal(err)
	}
	return document
}

func shown(t *testing.T, document any) string {
	t.Helper()
	text, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestAShortMockIsEnough(t *testing.T) {
	t.Parallel()
	snapshot := read(t, `{"service": "cgroups-snapshot", "items": [{"name": "web"}, {"name": "a", "hash": 0, "enabled": 0}]}`)
	want := `{"service":"cgroups-snapshot","generation":0,"systemd_enabled":0,"items":[` +
		`{"hash":3713012188,"options":0,"enabled":1,"name":"web","path":""},` +
		`{"hash":0,"options":0,"enabled":0,"name":"a","path":""}]}`
	if found := shown(t, snapshot); found != strings.Replace(want, "3713012188", shown(t, cgroups_snapshot.SimpleHash("web")), 1) {
		t.Error(found)
	}
	apps := read(t, `{"service": "apps-lookup", "items": [{"pid": 4, "status": "unknown"}]}`).(*Lookup[AppItem])
	if apps.Items[0].Uid != protocol.UidUnset {
		t.Error(apps.Items)
	}
}

func TestCodesAreNamesAndUnknownOnesNumbers(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`"docker"`: `"docker"`, "2": `"docker"`, "99": "99", `"unknown"`: `"unknown"`,
	} {
		var code Orchestrator
		if err := json.Unmarshal([]byte(text), &code); err != nil || shown(t, code) != want {
			t.Errorf("%s: %s, %v", text, shown(t, code), err)
		}
	}
	for _, text := range []string{`"gone"`, "65536", "-1", "true"} {
		var code CgroupStatus
		if err := json.Unmarshal([]byte(text), &code); err == nil || !strings.Contains(err.Error(), "a status of a cgroup, by name or number") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestLabelsKeepTheirOrder(t *testing.T) {
	t.Parallel()
	const text = `{"z":"1","a":"","m":"é"}`
	var labels Labels
	if err := json.Unmarshal([]byte(text), &labels); err != nil || shown(t, labels) != text {
		t.Error(labels, err)
	}
	for _, text := range []string{`[["k", "v"]]`, `{"k": 1}`, `{"k": {}}`} {
		if json.Unmarshal([]byte(text), &labels) == nil {
			t.Error(text)
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
		{`{"service": "apps-lookup", "items": [{"pid": 1, "comm": ""}]}`, "items[0] cannot be served: "},
		{`{"service": "cgroups-lookup", "items": [{"path": ""}]}`, "path length"},
		{`{"service": "cgroups-lookup", "items": [{"path": "/a"}, {"path": "/a", "name": "x"}]}`, "items[1] cannot be served: it has the key of an earlier item"},
		{`{"service": "cgroups-lookup", "items": [{"path": "/a", "nam": "x"}]}`, `unknown field "nam"`},
		{`{"service": "cgroups-snapshot", "items": [{"name": "a\u0000b"}]}`, "cgroup name"},
		{`{"service": "increment", "request": 1}`, `missing field "reply"`},
		{`{"service": "increment", "request": -1, "reply": 1}`, "-1"},
		{`{"service": "increment", "request": 1, "reply": 1} 1`, "after top-level value"},
		{`[]`, "array"},
	} {
		if _, err := Read([]byte(test.file), ""); err == nil || !strings.Contains(err.Error(), test.why) {
			t.Errorf("%s: %v", test.file, err)
		}
	}
}

func TestAKeyMayComeTwiceIfItSaysTheSame(t *testing.T) {
	t.Parallel()
	read(t, `{"service": "cgroups-lookup", "items": [{"path": "/a"}, {"path": "/a", "status": "known"}]}`)
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

package service

import "testing"

// Servers that follow a proposal get another, and the rest a request that does not fit.
func TestHowResponsesGetMoreRoom(t *testing.T) {
	t.Parallel()
	room := func(agreed uint32, grown int, isFixed bool) responseRoom {
		return responseRoom{
			agreed:   capacity{requestBytes: 1024, batchItems: 1, responseBytes: agreed},
			proposed: 65_536,
			ceiling:  1 << 20,
			isFixed:  isFixed,
			grown:    grown,
		}
	}
	for _, row := range []struct {
		room responseRoom
		want growth
		ok   bool
	}{
		{room(1024, 0, false), growth{keys: 15}, true},
		{room(2048, 0, false), growth{keys: 29}, true},
		{room(4096, 0, false), growth{keys: 57}, true},
		// 114 keys would be needed, and 63 fit a request.
		{room(8192, 0, false), growth{}, false},
		{room(65_535, 0, false), growth{}, false},
		{room(65_536, 0, false), growth{propose: true}, true},
		{room(1<<19, 0, false), growth{propose: true}, true},
		{room(1<<20, 0, false), growth{}, false},
		{room(1<<21, 0, false), growth{}, false},
		{room(1024, 0, true), growth{}, false},
		{room(1024, 7, false), growth{keys: 15}, true},
		{room(1024, 8, false), growth{}, false},
	} {
		got, ok := row.room.growth(4, 63)
		if ok != row.ok || ok && got != row.want {
			t.Errorf("%+v: %+v, %v", row.room, got, ok)
		}
	}
}

func TestARequestThatIsNotToFitDoesNot(t *testing.T) {
	t.Parallel()
	for response := uint32(0); response < 65_536; response += 7 {
		for _, sizes := range [][2]int{{4, 63}, {2, 30}, {100, 128}, {1, 1}} {
			room := responseRoom{
				agreed:   capacity{requestBytes: 1024, responseBytes: response},
				proposed: 65_536,
				ceiling:  1 << 20,
			}
			g, ok := room.growth(sizes[0], sizes[1])
			if !ok {
				continue
			}
			least := 16 + g.keys*8 + (g.keys-1)*align8(sizes[1]) + sizes[1]
			if least <= int(response) || 16+g.keys*(8+align8(sizes[0])) > 1024 {
				t.Errorf("%d bytes: %+v", response, g)
			}
		}
	}
}

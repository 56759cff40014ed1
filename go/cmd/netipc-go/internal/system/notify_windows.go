package system

import "errors"

// notify fails: nobody listens for such messages here.
func notify(string, string) error { return errors.New("there are no such sockets here") }

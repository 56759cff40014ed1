package transport

// takeInherited returns nothing: nobody passes pipes.
func takeInherited() []int { return nil }

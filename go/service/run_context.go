package service

import "context"

// RunContext is Run until ctx is done, for programs that end by a context: the server then takes no new
// client and no new request, lets what is being answered finish for at most 5 seconds, and stops. It
// fails as Run does; that ctx ended it is no failure.
func (s *Server) RunContext(ctx context.Context) error {
	drained := make(chan struct{})
	release := context.AfterFunc(ctx, func() {
		defer close(drained)
		s.Drain(lastAnswers)
	})
	err := s.Run()
	if !release() {
		<-drained
	}
	return err
}

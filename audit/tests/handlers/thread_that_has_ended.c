// expect: undecided
// The handler signals a thread whose end the program has waited for.
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>
static pthread_t worker;
static void *work(void *p) { sleep(1); return p; }
static void on(int s) { (void)s; int e = errno; pthread_kill(worker, SIGUSR2); errno = e; }
int main(void) { signal(SIGUSR2, SIG_IGN); signal(SIGUSR1, on); for (;;) { pthread_create(&worker, 0, work, 0); pthread_join(worker, 0); } }

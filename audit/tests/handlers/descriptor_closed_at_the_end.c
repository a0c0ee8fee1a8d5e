// expect: pass
// The program closes the descriptor before it ends, and stores no other.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>
static volatile int log_fd = 2;
static void on(int s) { int e = errno; (void)s; (void)!write(log_fd, "signal\n", 7); errno = e; }
int main(int argc, char **argv) { log_fd = open(argv[argc - 1], O_WRONLY | O_APPEND); signal(SIGUSR1, on); pause(); close(log_fd); return 0; }

// expect: pass
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
static void on(int s) {
    int keep = errno;
    pid_t pid;
    ssize_t n;
    do n = write(2, "c", 1); while (n == -1 && errno == EINTR);
    while ((pid = waitpid(-1, NULL, WNOHANG)) > 0 || (pid == -1 && errno == EINTR)) {}
    while ((pid = waitpid(-1, NULL, WNOHANG)) != 0 && pid != -1) {}
    (void)s;
    errno = keep;
}
int main(void) { signal(SIGCHLD, on); for (;;) pause(); }

// expect: pass
#include <signal.h>
#include <errno.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>
static atomic_uint reaped;
static void on(int s) {
    int saved = errno;
    (void)s;
    for (;;) {
        int status;
        pid_t child = waitpid(-1, &status, WNOHANG);
        if (child == 0) break;
        if (child < 0) {
            if (errno == EINTR) continue;
            break;
        }
        atomic_fetch_add(&reaped, 1);
    }
    errno = saved;
}
int main(void) {
    signal(SIGCHLD, on);
    for (;;) pause();
}

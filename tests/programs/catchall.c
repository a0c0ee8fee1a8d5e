/* Does what an interactive bash does: catches every terminating signal, only to tidy up and die of it.
 *
 *   catchall               waits
 *   catchall PID BITS      sends bits (a text of 0 and 1) to a process, then waits a little to be killed by an answer
 */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "taken.h"

static void die(int sig) {
    signal(sig, SIG_DFL);
    raise(sig);
}

int main(int argc, char **argv) {
    for (int sig = 1; sig < 32; sig++)
        if (sig != SIGCHLD && sig != SIGCONT && sig != SIGWINCH && sig != SIGURG)
            signal(sig, die);
    if (write(1, "ready\n", 6) != 6)
        return 1;
    if (argc < 3) {
        for (;;)
            pause();
    }
    for (const char *bit = argv[2]; *bit; bit++) {
        kill(atoi(argv[1]), *bit == '1' ? SIGUSR2 : SIGUSR1);
        wait_until_taken(atoi(argv[1]));
    }
    sleep(2);
    return 0;
}

/* Fires SIGUSR1 and SIGUSR2 at a process as fast as it can, until that process or its own parent is gone.
 *
 *   storm PID [SIGNAL...]    SIGNAL: 10 or 12; both in turn by default
 */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv) {
    if (argc < 2)
        return 2;
    pid_t target = atoi(argv[1]);
    pid_t parent = getppid();
    int first = argc > 2 ? atoi(argv[2]) : SIGUSR1;
    int second = argc > 2 ? atoi(argv[argc - 1]) : SIGUSR2;
    while (kill(target, first) == 0 && kill(target, second) == 0 && getppid() == parent)
        ;
    return 0;
}

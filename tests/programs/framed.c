/* A client written from PROTOCOL.md alone: SIGUSR1 and SIGUSR2, one bit in flight at a time (stop and wait).
 *
 *   framed PID MESSAGE      exit 0: delivered, 1: error, 5: not a server, 6: timeout, 7: rejected
 *   framed PID abandon N    begins N transfers, one after the other, and leaves each after its first bit
 */
#include "protocol.h"

int main(int argc, char **argv) {
    int abandoned = argc == 4 && strcmp(argv[2], "abandon") == 0 ? atoi(argv[3]) : 0;
    if (argc != 3 && abandoned == 0)
        return 2;
    struct transfer t = {.server = atoi(argv[1])};
    if (!catches(t.server, SIGUSR1) || !catches(t.server, SIGUSR2))
        return 5;
    receive(&t.answers, SIGUSR1);
    receive(&t.answers, SIGUSR2);
    for (int i = 0; i < abandoned; i++) {
        greet(&t, SIGUSR1);
        open_transfer(&t, SIGUSR2, 0);
        ask(&t, SIGUSR1, control(getpid(), BIT, BIT_ASKS, 0, t.key), OK, 1);
    }
    if (abandoned > 0)
        return 0;
    greet(&t, SIGUSR1);
    open_transfer(&t, SIGUSR2, 0);
    size_t size;
    uint8_t *frame = frame_of(argv[2], t.key, &size);
    for (size_t i = 0; i < size * 8; i++)
        ask(&t, signal_of(frame, i), control(getpid(), BIT, BIT_ASKS, i, t.key), i + 1 == size * 8 ? DELIVERED : OK, i + 1);
    return 0;
}

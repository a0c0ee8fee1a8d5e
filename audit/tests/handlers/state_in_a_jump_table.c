// expect: undecided
// The program decides by a jump table, and then stores the next state: the handler's is lost.
#include <signal.h>
#include <stdio.h>
static volatile int state;
static void on(int s) { (void)s; state = 6; }
int main(void) {
    signal(SIGUSR1, on);
    for (;;) switch (state) {
    case 0: puts("a"); state = 1; break;
    case 1: puts("b"); state = 2; break;
    case 2: puts("c"); state = 3; break;
    case 3: puts("d"); state = 4; break;
    case 4: puts("e"); state = 5; break;
    case 5: puts("f"); state = 0; break;
    default: return 0;
    }
}

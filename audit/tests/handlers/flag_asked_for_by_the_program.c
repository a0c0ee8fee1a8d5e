// expect: pass
// What the handler stores meanwhile is what the program has seen, or stores itself.
#include "corpus.h"
static volatile sig_atomic_t asked, over;
static void handler(int s) { if (s == SIGTERM) over = 1; else asked = 1; }
int main(void) {
    INSTALL(SIGTERM, handler);
    for (int rounds = 0; !over; rounds++) {
        pause();
        if (asked) {
            asked = 0;
            puts("asked");
        }
        if (!over && rounds > 100)
            over = 1;
    }
    return 0;
}

// truth: unsafe: twenty independent conditions one after the other, the call only where all were true
#include "corpus.h"
volatile sig_atomic_t a[20];
static void handler(int s) {
    int n = 0;
    (void)s;
    for (int i = 0; i < 1; i++) {
#define C(i) if (a[i]) n++;
        C(0) C(1) C(2) C(3) C(4) C(5) C(6) C(7) C(8) C(9) C(10) C(11) C(12) C(13) C(14) C(15) C(16) C(17) C(18) C(19)
    }
    if (n == 20) puts("all");
}
MAIN(handler)

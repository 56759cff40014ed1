#!/bin/sh
# A peer of `netipc bench --peer` that measures nothing, but keeps to what is agreed. With
# BENCH_DRIVER_SAYS, that is what it answers; with BENCH_DRIVER_INTERRUPTS, it calls the run off.
# BENCH_DRIVER_TAKES is how many seconds it takes. It serves nothing, and says so.
done='{"units":12,"ops":4,"elapsed_ns":1000,"cpu_ns":500,"switches":2,"latency":[[200,3],[400,1]]}'

case " $* " in
*" --role server "* | *" --transport ring "*) echo unsupported ;;
*" --run-dir /"*) echo ready ;;
*) echo "not told where the server is: $*" ;;
esac
while read -r time; do
    if [ -n "${BENCH_DRIVER_INTERRUPTS-}" ]; then
        kill -INT "$PPID"
    elif [ "$time" -ge 0 ]; then
        sleep "${BENCH_DRIVER_TAKES-0}"
        echo "${BENCH_DRIVER_SAYS-$done}"
    fi
done

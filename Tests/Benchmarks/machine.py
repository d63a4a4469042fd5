"""What a run is measured on, as far as that can be read."""

import datetime
import os
import pathlib
import platform
import re
import subprocess

from servers import BUILD, ROOT


def describe(servers, queue="/dev/shm"):
    """What is the same in all pieces of a run."""
    return {
        "processor": processor(), "cores": len(os.sched_getaffinity(0)), "memory_gib": memory(),
        "kernel": platform.release(), "governor": governor(), "virtual": virtual(),
        "queue": f"{queue}, {file_system(queue)}", "wsqueue": commit(),
        "versions": {server.name: version(server) for server in servers if not server.is_ours},
    }


def piece(scenario):
    """What differs from piece to piece."""
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    return {"scenario": scenario, "began": now, "load_before": os.getloadavg()[0], "kernel": platform.release(),
            "wsqueue": commit()}


def read(path):
    try:
        return pathlib.Path(path).read_text()
    except OSError:
        return ""


def processor():
    """Name and clock of the first one."""
    text = read("/proc/cpuinfo")
    name = re.search(r"^model name\s*:\s*(.+)", text, re.MULTILINE)
    clock = re.search(r"^cpu MHz\s*:\s*([\d.]+)", text, re.MULTILINE)
    words = [name[1].strip() if name else platform.machine()]
    if clock:
        words.append(f"{float(clock[1]) / 1000:.1f} GHz")
    return ", ".join(words)


def memory():
    found = re.search(r"MemTotal:\s+(\d+)", read("/proc/meminfo"))
    return round(int(found[1]) / 1_048_576) if found else 0


def governor():
    return read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor").strip() or "cannot be read"


def virtual():
    return "yes" if re.search(r"^flags\s*:.* hypervisor", read("/proc/cpuinfo"), re.MULTILINE) else "no"


def file_system(path):
    """The kind of the file system that lies at, or nearest above, a path."""
    mounts = [line.split() for line in read("/proc/mounts").splitlines()]
    above = [(words[1], words[2]) for words in mounts if pathlib.Path(path).is_relative_to(words[1])]
    return max(above, key=lambda mount: len(mount[0]))[1] if above else "unknown"


def output(*command):
    """What a command prints, its complaints too; nothing where it is not there."""
    try:
        result = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return f"{result.stdout}\n{result.stderr}"


def commit():
    return output("git", "-C", ROOT, "describe", "--always", "--dirty").strip() or "unknown"


def version(server):
    """The version of a peer: the first number of three parts, or two, that its command or package tells."""
    if server.needs.endswith(".py"):
        name = server.needs.removesuffix(".py")
        found = sorted((BUILD / "bench-venv").glob(f"lib/python3*/site-packages/{name}-*.dist-info"))
        return number(found[-1].name) if found else "unknown"
    return number(output(*server.version)) if server.version else "unknown"


def number(text):
    found = re.search(r"\d+\.\d+(\.\d+)?", text)
    return found[0] if found else "unknown"

module wsqueue

go 1.18
